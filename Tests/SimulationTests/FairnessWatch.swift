import ProgressModel
import SyncPolicy

/// Who is served before whom, as long as the API takes everything: each program has its turn, and what is fresh is not behind a backlog.
struct FairnessWatch {
  private struct Untried {
    let acceptedAt: Int
    let number: Int
    /// How many were fresh when it came.
    let rivals: Int
    var passedOver = 0
  }

  private let programs: Int
  private var untried: [AccountKey: Untried] = [:]
  /// What stands in the queue, tried or not.
  private var queued: Set<AccountKey> = []
  private var waits: [Turn: Int] = [:]
  /// Accounts that something was refused last, whose writes wait for that.
  private var unwell: Set<Account> = []

  private struct Turn: Hashable {
    let account: Account
    let program: ProgramID

    init(_ session: AccountSession) {
      (account, program) = (session.account, session.session.program)
    }
  }
  /// Counts what becomes due: acceptances, and what a pause or a refused token has put off.
  private var arrivals = 0

  /// From when on a write is surely due, until when it is surely fresh, and from when on it is surely a backlog.
  private static let (due, stale, backlog) = (2_000, 9_000, 16_000)

  init(programs: Int) {
    self.programs = programs
  }

  mutating func note(accepted key: AccountKey, at instant: Int) {
    arrivals += 1
    // What replaces a write that waits takes its place, which is that of a backlog.
    guard queued.insert(key).inserted else { return }
    let rivals = untried.values.count { instant - $0.acceptedAt < Self.stale }
    untried[key] = Untried(acceptedAt: instant, number: arrivals, rivals: rivals)
  }

  /// What moved is no news there, and no backlog here.
  mutating func note(moved key: WriteKey, to account: Account) {
    let stray = AccountKey(key, of: .common)
    untried[stray] = nil
    queued.remove(stray)
    queued.insert(AccountKey(key, of: account))
  }

  /// What is refused to one account puts off its own writes, and nobody else's.
  mutating func note(_ outcome: DeliveryOutcome, of account: Account) {
    switch outcome {
    case .unauthorized: unwell.insert(account)
    case .delivered, .rejected: unwell.remove(account)
    case .deferred, .throttled, .unreachable, .unsupported: break
    }
  }

  /// Without a token nothing of an account is sent.
  mutating func note(tokens: Set<UInt32>, of users: [UInt32]) {
    for user in users where !tokens.contains(user) { unwell.insert(.user(user)) }
    for user in tokens { unwell.remove(.user(user)) }
    forget()
  }

  mutating func note(delivered key: AccountKey) {
    queued.remove(key)
  }

  mutating func note(discarded key: AccountKey) {
    queued.remove(key)
    untried[key] = nil
  }

  /// A trouble changes who comes when; from now on it is counted anew. So many writes become due again with what comes now.
  mutating func forgive(puttingOff number: Int = 0) {
    arrivals += number
    waits = [:]
    for key in untried.keys { untried[key]?.passedOver = 0 }
  }

  /// The clock was set: of what is waiting it is not known when it is due.
  mutating func forget() {
    (untried, waits) = ([:], [:])
  }

  /// Returns the broken promise, if it is one.
  mutating func note(request delivery: Delivery, besides busy: Set<AccountSession>, at instant: Int) -> String? {
    for write in delivery.writes { untried[AccountKey(write.write.key, of: delivery.account)] = nil }
    // What a session has waiting goes one request after the other.
    for key in untried.keys where delivery.accountSessions.contains(key.session) { untried[key]?.passedOver = 0 }
    guard let turn = delivery.accountSessions.first.map({ Turn($0) }) else { return nil }
    waits[turn] = nil
    let waiting = untried.filter {
      instant - $0.value.acceptedAt >= Self.due && !busy.contains($0.key.session) && !delivery.accountSessions.contains($0.key.session)
        && !unwell.contains($0.key.account)
    }
    return noteWaits(of: Set(waiting.keys.map { Turn($0.session) }), besides: turn) ?? notePassing(of: waiting, at: instant)
  }

  private mutating func noteWaits(of waiting: Set<Turn>, besides turn: Turn) -> String? {
    for other in waiting where other != turn {
      let wait = waits[other, default: 0] + 1
      waits[other] = wait
      if wait > 2 * programs + 2 { return "program \(other.program) has no turn: \(wait) requests for others went before its own" }
    }
    return nil
  }

  private mutating func notePassing(of waiting: [AccountKey: Untried], at instant: Int) -> String? {
    guard waiting.values.contains(where: { instant - $0.acceptedAt >= Self.backlog }) else { return nil }
    for (key, write) in waiting where instant - write.acceptedAt <= Self.stale {
      untried[key]?.passedOver = write.passedOver + 1
      let rivals = write.rivals + arrivals - write.number
      if write.passedOver + 1 > 3 * rivals + 5 {
        return "\(key) is fresh and starves: \(write.passedOver + 1) requests went before it, with \(rivals) others as fresh"
      }
    }
    return nil
  }
}
