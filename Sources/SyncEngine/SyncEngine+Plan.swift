import ProgressModel
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// Picks the requests to start now, and says when something is due next.
  mutating func plan(now: Timestamp, _ turn: inout Turn) throws {
    switch endpoint.admission(now: now) {
    case .everyone:
      let lanes = settings.maximumConcurrentRequests - inFlight.count
      let sessions = try store.sessionsDue(now: now, atMost: lanes, busy: Set(inFlight.keys))
      for session in sessions { try start(session, now: now, &turn) }
      if inFlight.count < settings.maximumConcurrentRequests { turn.wakeAt = try store.nextDue(busy: Set(inFlight.keys)) }
    case .oneProbe:
      guard inFlight.isEmpty else { return }
      // A short silence may be one write's own, and that one keeps to its own retries.
      let includesPutOff = endpoint.isHeld || endpoint.isProvenOutage(now: now)
      if let session = try store.sessionToProbe(includingPutOff: includesPutOff, now: now) {
        try start(session, now: now, includingPutOff: includesPutOff, &turn)
      } else {
        let provenAt = includesPutOff ? nil : now + EndpointHealth.provenOutage
        turn.wakeAt = [try store.nextDue(busy: []), provenAt].compactMap { $0 }.min()
      }
    case .oneProbeOfOthers(let witness, let until):
      guard inFlight.isEmpty else { return }
      if let session = try store.sessionsDue(now: now, atMost: 1, busy: [witness]).first {
        try start(session, now: now, &turn)
      } else {
        turn.wakeAt = min(until, try store.nextDue(busy: [witness]) ?? until)
      }
    case .nobody(let until):
      if try store.nextDue(busy: []) != nil { turn.wakeAt = until }
    }
  }

  private mutating func start(_ session: Session, now: Timestamp, includingPutOff: Bool = false, _ turn: inout Turn) throws {
    let due = try store.writesDue(in: session, now: now, includingPutOff: includingPutOff)
    guard let delivery = Delivery(of: due, window: settings.debounce.maxWait) else { return }
    inFlight[session] = delivery
    turn.deliveries.append(delivery)
    let retries = settings.retry.maximumRetries
    for write in delivery.writes where (1...max(1, retries)).contains(write.failures) {
      turn.events.append(.retrying(write.write.key, attempt: write.failures, of: retries))
    }
  }
}
