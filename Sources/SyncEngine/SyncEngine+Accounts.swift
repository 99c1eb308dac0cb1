import ProgressModel
import SyncPolicy

/// What the engine keeps of one account.
struct AccountDesk {
  var token: TokenHealth
  /// What was last said against the token; nil: nothing.
  private(set) var reported: Hold?
  /// The program that was served last, so that each has its turn.
  var servedProgram: ProgramID?

  init(of account: Account) {
    token = TokenHealth(of: account)
  }

  /// What is to be said now.
  mutating func report() -> SyncEvent? {
    if let hold = token.hold {
      guard reported.map({ ($0.status == nil) != (hold.status == nil) }) ?? true else { return nil }
      reported = hold
      return .held(hold, of: token.account)
    }
    // After a refusal, it takes more than a reason to try anew.
    guard let before = reported, token.isProven || before.status == nil else { return nil }
    reported = nil
    return .released(token.account)
  }
}

extension SyncEngine {
  /// The accounts that have something in the queue, in their order. Takes up which of them have no token, and forgets whose account nothing
  /// is known against, or waits in, any more.
  mutating func accountsInQueue(now: Timestamp, _ turn: inout Turn) throws -> [Account] {
    let accounts = try store.rowsByAccount().keys.sorted()
    for account in Set(desks.keys).union(accounts) {
      let isMissing = !settings.hasToken(for: account) && accounts.contains(account)
      guard isMissing || desks[account] != nil else { continue }
      let wasMissing = desks[account]?.token.hold?.cause == .noToken
      desks[account, default: AccountDesk(of: account)].token.note(hasToken: !isMissing, now: now)
      if wasMissing, !isMissing { accountsToRelease.insert(account) }
      reportHold(of: account, &turn)
      if !settings.hasToken(for: account), !isMissing { desks[account] = nil }
    }
    return accounts
  }

  func admission(of account: Account, now: Timestamp) -> Admission {
    desks[account]?.token.admission(now: now) ?? .everyone(atMost: EndpointHealth.open)
  }

  /// Learns from an answer how an account's token stands.
  mutating func observe(_ outcome: DeliveryOutcome, to delivery: Delivery, now: Timestamp, _ turn: inout Turn) {
    var desk = desks[delivery.account] ?? AccountDesk(of: delivery.account)
    let wasHeldForAll = desk.token.isHeldForAll
    desk.token.observe(outcome, for: delivery.sessions, now: now)
    if wasHeldForAll, desk.token.hold == nil { accountsToRelease.insert(delivery.account) }
    desks[delivery.account] = desk
    reportHold(of: delivery.account, &turn)
  }

  private mutating func reportHold(of account: Account, _ turn: inout Turn) {
    if let event = desks[account]?.report() { turn.events.append(event) }
  }

  func busy(of account: Account) -> Set<Session> { Set(inFlight.filter { $0.account == account }.flatMap(\.sessions)) }
}

extension [Account] {
  /// Those after `account` first, so that each has its turn.
  func inTurn(after account: Account?) -> [Account] {
    guard let account else { return self }
    return filter { $0 > account } + filter { $0 <= account }
  }
}
