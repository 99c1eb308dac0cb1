/// Why the API may be worth another try before its time.
enum WakeUp: CaseIterable, Sendable {
  /// An address, a route or a link has appeared.
  case network
  /// The clock was set, or the machine has woken from suspend.
  case clock
  /// By a person or a script.
  case asked

  /// What is said of it.
  var sentence: String {
    switch self {
    case .network: "The network has changed: trying the API again now"
    case .clock: "The clock was set, or the machine has woken up: trying the API again now"
    case .asked: "Asked by SIGUSR1: sending everything now"
    }
  }
}

/// Passes wake-ups on to the work loop's turns: a lone one at once, those of a network that flaps once a second, so that they never become
/// a storm of requests.
struct WakeUps {
  /// Between two that are passed on.
  static let interval = Duration.seconds(1)
  /// Between two of which something is said.
  static let silence = Duration.seconds(30)

  private var kept: Set<WakeUp> = []
  private var passedAt: ContinuousClock.Instant?
  private var saidAt: ContinuousClock.Instant?

  /// When those that came too early are to be taken.
  var dueAt: ContinuousClock.Instant? {
    kept.isEmpty ? nil : passedAt.map { $0 + Self.interval }
  }

  /// Adds what has rung, and takes what a turn may act upon now.
  mutating func take(_ rung: Set<WakeUp>, now: ContinuousClock.Instant) -> Set<WakeUp> {
    kept.formUnion(rung)
    guard !kept.isEmpty, passedAt.map({ now - $0 >= Self.interval }) ?? true else { return [] }
    defer { kept = [] }
    passedAt = now
    return kept
  }

  /// What to say of those taken when they end a wait for the API; nil when it was said a moment ago. Who asks is told each time.
  mutating func sentence(for taken: Set<WakeUp>, now: ContinuousClock.Instant) -> String? {
    if taken.contains(.asked) { return WakeUp.asked.sentence }
    guard saidAt.map({ now - $0 >= Self.silence }) ?? true else { return nil }
    guard let cause = WakeUp.allCases.first(where: taken.contains) else { return nil }
    saidAt = now
    return cause.sentence
  }
}
