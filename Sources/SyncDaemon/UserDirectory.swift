import Synchronization
import Threads

/// The system's user database for whoever must not wait for it: it may be a directory service, which takes minutes to answer, or never does.
///
/// It tells what it knows, and has the rest asked beside, on threads of their own. What it knows is asked anew when it is old, and serves until
/// then; so whoever is told nothing looks again, or is rung.
final class UserDirectory: Sendable {
  enum Question: Hashable, Sendable {
    case name(of: UInt32)
    case user(named: String)
  }

  enum Answer: Hashable, Sendable {
    case name(String)
    case user(UInt32)
    /// Nobody there, or the database cannot say.
    case nobody
  }

  /// The one that `UserName` goes by; where there is none, it waits for the system itself.
  @TaskLocal static var current: UserDirectory?

  private let state = Mutex(State())
  private let bell = Doorbell()
  private let lookUp: @Sendable (Question) -> Answer
  private let onNews: @Sendable () -> Void

  /// - Parameters:
  ///   - lookUp: Asks the system, and may take its time.
  ///   - onNews: Is called whenever an answer is another than before, from any thread.
  init(lookUp: @escaping @Sendable (Question) -> Answer = UserName.ask, onNews: @escaping @Sendable () -> Void) {
    (self.lookUp, self.onNews) = (lookUp, onNews)
  }

  /// What is known; nil before the first answer.
  func answer(to question: Question, now: ContinuousClock.Instant = .now) -> Answer? {
    let (answer, next) = state.withLock { state in (state.entries[question]?.answer, state.take(question, now: now)) }
    if let next { ask(next) }
    return answer
  }

  /// Returns when all that was asked is answered, or after `patience`. For one task at a time.
  func settle(within patience: Duration) async {
    let deadline = ContinuousClock.now + patience
    while state.withLock({ $0.isBusy }), .now < deadline, !Task.isCancelled { _ = await bell.take(until: deadline) }
  }

  private func ask(_ question: Question) {
    BlockingExecutor(label: "users").run { [self] in
      let answer = lookUp(question)
      let (isNews, next) = state.withLock { $0.take(answer, to: question) }
      if let next { ask(next) }
      bell.ring { $0.tokenRang = true }
      if isNews { onNews() }
    }
  }
}

extension UserDirectory {
  /// How long an answer usually takes at the most; who starts waits so long.
  static let patience = Duration.seconds(5)

  /// For how long a question has waited for its first answer; nil when that is nobody, or was not asked for.
  func silence(about question: Question, now: ContinuousClock.Instant = .now) -> Duration? {
    state.withLock { state in
      guard let entry = state.entries[question], entry.answer != .nobody else { return nil }
      return entry.answer == nil ? now - entry.askedAt : .zero
    }
  }
}

private struct State {
  struct Entry {
    var answer: UserDirectory.Answer?
    var askedAt: ContinuousClock.Instant
    var isAsked = true
  }

  var entries: [UserDirectory.Question: Entry] = [:]
  private var waiting: [UserDirectory.Question] = []
  private var underWay = 0

  /// Each may hold a thread for as long as the database hangs.
  private static let atOnce = 16

  var isBusy: Bool { underWay > 0 }

  /// Takes up what somebody wants to know; returns what is to be asked now.
  mutating func take(_ question: UserDirectory.Question, now: ContinuousClock.Instant) -> UserDirectory.Question? {
    if let entry = entries[question], entry.isAsked || now - entry.askedAt < entry.lifetime(question) { return nil }
    entries[question] = Entry(answer: entries[question]?.answer, askedAt: now)
    waiting.append(question)
    return next()
  }

  /// Takes up an answer; returns whether it is a new one, and what is to be asked now.
  mutating func take(_ answer: UserDirectory.Answer, to question: UserDirectory.Question) -> (isNews: Bool, UserDirectory.Question?) {
    underWay -= 1
    guard let old = entries[question] else { return (false, next()) }
    entries[question] = Entry(answer: answer, askedAt: old.askedAt, isAsked: false)
    if case .user(let user) = answer, case .user(named: let name) = question, entries[.name(of: user)] == nil {
      entries[.name(of: user)] = Entry(answer: .name(name), askedAt: old.askedAt, isAsked: false)
    }
    return (answer != old.answer, next())
  }

  private mutating func next() -> UserDirectory.Question? {
    guard underWay < Self.atOnce, !waiting.isEmpty else { return nil }
    underWay += 1
    return waiting.removeFirst()
  }
}

extension State.Entry {
  /// How long it is believed. Whoever has a token and is not known is looked for whenever he may have dropped something.
  fileprivate func lifetime(_ question: UserDirectory.Question) -> Duration {
    if case .user = question, answer == .nobody { .seconds(1) } else { .seconds(60) }
  }
}
