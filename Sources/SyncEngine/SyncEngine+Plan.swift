import ProgressModel
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// What became due within this time counts as fresh: a backlog leaves it every other lane.
  private static var freshness: Duration { .seconds(10) }

  /// Picks the requests to start now, and says when something is due next.
  mutating func plan(now: Timestamp, _ turn: inout Turn) throws {
    if !hasRecalled {
      if let pause = try store.pause() {
        endpoint.recall(pause, now: now)
        if now < pause.until { reportEndpoint(&turn) }
      }
      hasRecalled = true
    }
    // Who lacks a token is told also while a person has nothing sent.
    let accounts = try accountsInQueue(now: now, &turn)
    if try isSuspended(now: now, &turn) { return }
    switch endpoint.admission(now: now) {
    case .everyone(let window): try serve(accounts, atMost: window, now: now, &turn)
    case let admission:
      guard inFlight.isEmpty else { return }
      var callable: [Account] = []
      for account in accounts {
        guard let opensAt = self.admission(of: account, now: now).opensAt(now: now) else { continue }
        if opensAt <= now { callable.append(account) } else { turn.wake(at: opensAt) }
      }
      // Whose turn it is tells whether the trouble is one account's own.
      try probe(callable.inTurn(after: served), as: admission, now: now, &turn)
    }
  }

  /// Lets each account call as its token allows: what is held by a probe at a time, and the others with all lanes.
  private mutating func serve(_ accounts: [Account], atMost window: Int, now: Timestamp, _ turn: inout Turn) throws {
    let lanes = min(settings.maximumConcurrentRequests, window)
    var open: [Account] = []
    for account in accounts {
      let admission = admission(of: account, now: now)
      if case .everyone = admission {
        open.append(account)
      } else if inFlight.count < lanes, !inFlight.contains(where: { $0.account == account }) {
        try probe([account], as: admission, now: now, &turn)
      }
    }
    try fillLanes(lanes, for: open, now: now, &turn)
  }

  /// Starts what is due, one lane after the other; each account has its turn, of an account each program, and what is fresh is not starved by
  /// a backlog.
  private mutating func fillLanes(_ lanes: Int, for accounts: [Account], now: Timestamp, _ turn: inout Turn) throws {
    guard inFlight.count < lanes else { return }
    var due: [Account: Timestamp] = [:]
    for account in accounts { due[account] = try store.nextDue(of: account, busy: busy(of: account)) }
    while inFlight.count < lanes, let next = due.values.min() {
      guard next <= now else { return turn.wake(at: next) }
      let waiting = accounts.filter { due[$0].map { $0 <= now } ?? false }
      isFreshNext.toggle()
      // As long as nothing has waited for long, all of it is fresh, and goes in due order.
      let isBacklog = now - next > Self.freshness
      let fresh = isBacklog && isFreshNext ? try nextFresh(of: waiting, now: now) : nil
      guard let picked = try fresh ?? nextInTurn(of: waiting, isBulkAllowed: endpoint.hasAnswered, now: now) else { return }
      start(picked, &turn)
      due[picked.account] = try store.nextDue(of: picked.account, busy: busy(of: picked.account))
    }
  }

  /// Starts at most one request of some accounts that are in trouble, or says when there may be one.
  private mutating func probe(_ accounts: [Account], as admission: Admission, now: Timestamp, _ turn: inout Turn) throws {
    switch admission {
    case .everyone: break
    case .oneProbe: try probe(accounts, now: now, &turn)
    case .oneProbeOfOthers(let witness, let until):
      let next = try accounts.compactMap { try store.nextDue(of: $0, busy: $0 == witness.account ? [witness.session] : []) }.min()
      if let next, next <= now, let delivery = try nextInTurn(of: accounts, passingOver: witness, isBulkAllowed: false, now: now) {
        start(delivery, &turn)
      } else {
        turn.wake(at: min(until, next ?? until))
      }
    case .oneProbeOfFresh(let from, let until):
      let next = try accounts.compactMap { try store.nextFreshDue(of: $0, busy: []) }.min()
      if from <= now, let next, next <= now, let delivery = try nextFresh(of: accounts, dueSince: next, now: now) {
        start(delivery, &turn)
      } else if try hasDue(accounts) {
        turn.wake(at: min(until, max(from, next ?? until)))
      }
    case .nobody(let until):
      if let until, try hasDue(accounts) { turn.wake(at: until) }
    }
  }

  /// Whether anything of them waits to be sent, now or later.
  private func hasDue(_ accounts: [Account]) throws -> Bool {
    try accounts.contains { try store.nextDue(of: $0, busy: []) != nil }
  }

  private mutating func probe(_ accounts: [Account], now: Timestamp, _ turn: inout Turn) throws {
    let isProvenOutage = endpoint.isProvenOutage(now: now)
    for account in accounts {
      // A short silence may be one write's own, and that one keeps to its own retries.
      let includesPutOff = isProvenOutage || admission(of: account, now: now) == .oneProbe
      guard let session = try store.sessionToProbe(of: account, includingPutOff: includesPutOff, now: now),
        let delivery = try delivery(for: session, of: account, includingPutOff: includesPutOff, now: now)
      else { continue }
      served = account
      return start(delivery, &turn)
    }
    for account in accounts {
      if let next = try store.nextDue(of: account, busy: []) { turn.wake(at: next) }
    }
    if !isProvenOutage, let provenAt = endpoint.provenAt { turn.wake(at: provenAt) }
  }

  /// The next request of the account and program whose turn it is; of several sessions, when more of them wait than there are lanes.
  private mutating func nextInTurn(
    of accounts: [Account], passingOver witness: AccountSession? = nil, isBulkAllowed: Bool, now: Timestamp
  ) throws -> Delivery? {
    for account in accounts.inTurn(after: served) {
      var busy = busy(of: account)
      if let witness, witness.account == account { busy.insert(witness.session) }
      let isBulkAllowed = isBulkAllowed && desks[account]?.token.isProven ?? false
      guard let delivery = try nextInTurn(of: account, passingOver: busy, isBulkAllowed: isBulkAllowed, now: now) else { continue }
      served = account
      return delivery
    }
    return nil
  }

  private mutating func nextInTurn(
    of account: Account, passingOver busy: Set<Session>, isBulkAllowed: Bool, now: Timestamp
  ) throws -> Delivery? {
    var passed: Set<ProgramID> = []
    while let program = try store.programDue(of: account, after: desks[account]?.servedProgram, now: now), passed.insert(program).inserted {
      desks[account, default: AccountDesk(of: account)].servedProgram = program
      let lanes = settings.maximumConcurrentRequests
      let limit = max(Delivery.largestBulk, lanes + 1)
      let sessions = try store.sessionsDue(of: program, of: account, now: now, atMost: limit, busy: busy)
      guard let first = sessions.first, let delivery = try delivery(for: first, of: account, now: now) else { continue }
      guard isBulkAllowed, !lacksBulkSync, delivery.isBulkable, sessions.count > lanes else { return delivery }
      let others = try sessions.dropFirst().compactMap { try self.delivery(for: $0, of: account, now: now) }
      return Delivery(bulkOf: [delivery] + others, program: program) ?? delivery
    }
    return nil
  }

  /// What became due last of the account whose turn it is.
  private mutating func nextFresh(of accounts: [Account], dueSince instant: Timestamp? = nil, now: Timestamp) throws -> Delivery? {
    for account in accounts.inTurn(after: servedFresh) {
      let busy = busy(of: account)
      guard let session = try store.freshSession(of: account, dueSince: instant ?? now - Self.freshness, now: now, busy: busy),
        let delivery = try delivery(for: session, of: account, now: now)
      else { continue }
      servedFresh = account
      return delivery
    }
    return nil
  }

  private func delivery(for session: Session, of account: Account, includingPutOff: Bool = false, now: Timestamp) throws -> Delivery? {
    let due = try store.writesDue(in: session, of: account, now: now, includingPutOff: includingPutOff)
    return Delivery(of: due, window: settings.debounce.maxWait)
  }

  private mutating func start(_ delivery: Delivery, _ turn: inout Turn) {
    inFlight.append(delivery)
    turn.deliveries.append(delivery)
    let retries = settings.retry.maximumRetries
    for write in delivery.writes where (1...max(1, retries)).contains(write.failures) {
      turn.events.append(.retrying(write.reference, attempt: write.failures, of: retries))
    }
  }
}
