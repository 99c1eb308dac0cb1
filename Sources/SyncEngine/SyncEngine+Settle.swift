import ProgressModel
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// Makes the answers' consequences durable, then lets their sessions go.
  mutating func settle(now: Timestamp, _ turn: inout Turn) throws {
    if !unsettled.isEmpty {
      let settlements = unsettled.map { answer in answer.delivery.writes.map { settlement(of: $0, answer: answer, now: now) } }
      let current = try store.settle(settlements.flatMap { $0 }, now: now)
      for (answer, settlements) in zip(unsettled, settlements) {
        inFlight[answer.delivery.session] = nil
        observe(answer, now: now, &turn)
        for (write, settlement) in zip(answer.delivery.writes, settlements) {
          report(settlement, of: write, isCurrent: current.contains(write.sequence), &turn)
        }
      }
      unsettled = []
    }
    if let outage = releaseSince {
      try store.releaseUnanswered(since: outage, now: now)
      releaseSince = nil
    }
  }

  private mutating func settlement(of write: QueuedWrite, answer: Answer, now: Timestamp) -> Settlement {
    let random = Double.random(in: 0..<1, using: &self.random)
    let fate = settings.retry.fate(
      of: answer.outcome, failures: write.failures, isShared: answer.delivery.isShared, now: now, random: random)
    let isUnanswered = if case .unreachable = answer.outcome { true } else { false }
    let unansweredSince = isUnanswered ? min(write.unansweredSince ?? now, now) : nil
    let failures = if case .retried(_, let failures, _, _) = fate { failures } else { write.failures }
    let state = settings.retry.state(afterFailures: failures)
    return Settlement(sequence: write.sequence, fate: fate, state: state, unansweredSince: unansweredSince)
  }

  private mutating func observe(_ answer: Answer, now: Timestamp, _ turn: inout Turn) {
    if case .unreachable = answer.outcome {
      // Where others are answered, the silence is this request's own, and no reason to keep the others waiting.
      if answer.delivery.writes.contains(where: { write in write.unansweredSince.map { $0 < answeredAt ?? $0 } ?? false }) { return }
    } else {
      answeredAt = now
    }
    let before = endpoint.state
    endpoint.observe(answer.outcome, now: now, retry: settings.retry, random: Double.random(in: 0..<1, using: &random))
    guard !endpoint.state.isOfSameKind(as: before) else { return }
    turn.events.append(.endpoint(endpoint.state))
    if case .unreachable(let since, _, _, _) = before { releaseSince = since }
  }

  private func report(_ settlement: Settlement, of write: QueuedWrite, isCurrent: Bool, _ turn: inout Turn) {
    let key = write.write.key
    switch settlement.fate {
    case .delivered:
      turn.events.append(.synced(key, afterFailures: write.failures))
    case .retried(_, let failures, _, let reason) where isCurrent:
      turn.events.append(.attemptFailed(key, failures: failures, state: settlement.state, reason: reason))
      if settlement.state == .parked, write.failures <= settings.retry.maximumRetries { turn.events.append(.parked(key)) }
    case .failed(let status, let reason) where isCurrent:
      turn.events.append(.rejected(key, status: status, reason: reason))
    case .retried, .failed, .separated, .untouched:
      break  // A newer write has taken the place of this one, or nothing has changed for it.
    }
  }
}

extension EndpointHealth.State {
  fileprivate func isOfSameKind(as other: Self) -> Bool {
    switch (self, other) {
    case (.reachable, .reachable), (.paused, .paused), (.unreachable, .unreachable), (.held, .held): true
    case (.reachable, _), (.paused, _), (.unreachable, _), (.held, _): false
    }
  }
}
