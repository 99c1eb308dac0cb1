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
  mutating func report(entries: Int?) -> SyncEvent? {
    if let hold = token.hold {
      guard reported.map({ !$0.cause.isOfSameKind(as: hold.cause) }) ?? true else { return nil }
      reported = hold
      return .held(hold, of: token.account, entries: entries)
    }
    // After a refusal, it takes more than a reason to try anew.
    guard let before = reported, token.isProven || before.status == nil else { return nil }
    reported = nil
    return .released(token.account)
  }
}

extension SyncEngine {
  /// The accounts that have something in the queue, in their order. Takes up which of them lack a token, and forgets whose account nothing
  /// is known against, or waits in, any more.
  mutating func accountsInQueue(now: Timestamp, _ turn: inout Turn) throws -> [Account] {
    let entries = try store.rowsByAccount()
    for account in Set(desks.keys).union(entries.keys) {
      let token = settings.token(of: account)
      let isLacking = token != .usable && entries[account] != nil
      guard isLacking || desks[account] != nil else { continue }
      let wasLacking = desks[account]?.token.lacksToken ?? false
      desks[account, default: AccountDesk(of: account)].token.note(isLacking ? token : .usable, now: now)
      if wasLacking, !isLacking { accountsToRelease.insert(account) }
      reportHold(of: account, entries: entries[account], &turn)
      if token != .usable, !isLacking { desks[account] = nil }
    }
    return entries.keys.sorted()
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
    reportHold(of: delivery.account, entries: nil, &turn)
  }

  private mutating func reportHold(of account: Account, entries: Int?, _ turn: inout Turn) {
    if let event = desks[account]?.report(entries: entries) { turn.events.append(event) }
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
