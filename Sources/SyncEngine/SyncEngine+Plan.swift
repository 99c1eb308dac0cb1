import ProgressModel
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// Picks the requests to start now, and says when something is due next.
  mutating func plan(now: Timestamp, _ turn: inout Turn) throws {
    endpoint.clamp(now: now)
    switch endpoint.admission(now: now) {
    case .everyone:
      let lanes = settings.maximumConcurrentRequests - inFlight.count
      let sessions = try store.sessionsDue(now: now, atMost: lanes, busy: Set(inFlight.keys))
      for session in sessions { try start(session, now: now, &turn) }
      if inFlight.count < settings.maximumConcurrentRequests { turn.wakeAt = try store.nextDue(busy: Set(inFlight.keys)) }
    case .oneProbe:
      guard inFlight.isEmpty else { return }
      let outage = endpoint.state.since ?? now
      if let session = try store.sessionToProbe(since: outage, now: now) {
        try start(session, now: now, unansweredSince: outage, &turn)
      } else {
        turn.wakeAt = try store.nextDue(busy: [])
      }
    case .nobody(let until):
      if try store.nextDue(busy: []) != nil { turn.wakeAt = until }
    }
  }

  private mutating func start(_ session: Session, now: Timestamp, unansweredSince outage: Timestamp? = nil, _ turn: inout Turn) throws {
    let due = try store.writesDue(in: session, now: now, unansweredSince: outage)
    guard let delivery = Delivery(of: due, window: settings.debounce.maxWait) else { return }
    inFlight[session] = delivery
    turn.deliveries.append(delivery)
    let retries = settings.retry.maximumRetries
    for write in delivery.writes where (1...max(1, retries)).contains(write.failures) {
      turn.events.append(.retrying(write.write.key, attempt: write.failures, of: retries))
    }
  }
}
