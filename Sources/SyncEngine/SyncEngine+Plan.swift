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
    if try isSuspended(now: now, &turn) { return }
    switch endpoint.admission(now: now) {
    case .everyone(let window): try fillLanes(atMost: window, now: now, &turn)
    case .oneProbe: try probe(now: now, &turn)
    case .oneProbeOfOthers(let witness, let until):
      guard inFlight.isEmpty else { return }
      let next = try store.nextDue(busy: [witness])
      if let next, next <= now, let delivery = try nextInTurn(passingOver: [witness], isBulkAllowed: false, now: now) {
        start(delivery, &turn)
      } else {
        turn.wakeAt = min(until, next ?? until)
      }
    case .oneProbeOfFresh(let from, let until):
      guard inFlight.isEmpty else { return }
      let next = try store.nextFreshDue(busy: [])
      if from <= now, let next, next <= now, let session = try store.freshSession(dueSince: next, now: now, busy: []),
        let delivery = try delivery(for: session, now: now)
      {
        start(delivery, &turn)
      } else if try store.nextDue(busy: []) != nil {
        turn.wakeAt = min(until, max(from, next ?? until))
      }
    case .nobody(let until):
      if try store.nextDue(busy: []) != nil { turn.wakeAt = until }
    }
  }

  /// Starts what is due, one lane after the other; each program has its turn, and what is fresh is not starved by a backlog.
  private mutating func fillLanes(atMost window: Int, now: Timestamp, _ turn: inout Turn) throws {
    let lanes = min(settings.maximumConcurrentRequests, window)
    while inFlight.count < lanes {
      let busy = busy
      turn.wakeAt = try store.nextDue(busy: busy)
      guard let next = turn.wakeAt, next <= now else { return }
      isFreshNext.toggle()
      // As long as nothing has waited for long, all of it is fresh, and goes in due order.
      let isBacklog = now - next > Self.freshness
      let fresh = isBacklog && isFreshNext ? try store.freshSession(dueSince: now - Self.freshness, now: now, busy: busy) : nil
      let picked =
        try fresh.map { try delivery(for: $0, now: now) } ?? nextInTurn(passingOver: busy, isBulkAllowed: endpoint.hasAnswered, now: now)
      guard let picked else { return }
      start(picked, &turn)
    }
    turn.wakeAt = nil
  }

  private mutating func probe(now: Timestamp, _ turn: inout Turn) throws {
    guard inFlight.isEmpty else { return }
    // A short silence may be one write's own, and that one keeps to its own retries.
    let includesPutOff = endpoint.isHeld || endpoint.isProvenOutage(now: now)
    if let session = try store.sessionToProbe(includingPutOff: includesPutOff, now: now),
      let delivery = try delivery(for: session, includingPutOff: includesPutOff, now: now)
    {
      start(delivery, &turn)
    } else {
      let provenAt = includesPutOff ? nil : endpoint.provenAt
      turn.wakeAt = [try store.nextDue(busy: []), provenAt].compactMap { $0 }.min()
    }
  }

  /// The next request of the program whose turn it is; of several sessions, when more of them wait than there are lanes.
  private mutating func nextInTurn(passingOver busy: Set<Session>, isBulkAllowed: Bool, now: Timestamp) throws -> Delivery? {
    var passed: Set<ProgramID> = []
    while let program = try store.programDue(after: servedProgram, now: now), passed.insert(program).inserted {
      servedProgram = program
      let lanes = settings.maximumConcurrentRequests
      let sessions = try store.sessionsDue(of: program, now: now, atMost: max(Delivery.largestBulk, lanes + 1), busy: busy)
      guard let first = sessions.first, let delivery = try delivery(for: first, now: now) else { continue }
      guard isBulkAllowed, !lacksBulkSync, delivery.isBulkable, sessions.count > lanes else { return delivery }
      let others = try sessions.dropFirst().compactMap { try self.delivery(for: $0, now: now) }
      return Delivery(bulkOf: [delivery] + others, program: program) ?? delivery
    }
    return nil
  }

  private func delivery(for session: Session, includingPutOff: Bool = false, now: Timestamp) throws -> Delivery? {
    let due = try store.writesDue(in: session, now: now, includingPutOff: includingPutOff)
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
