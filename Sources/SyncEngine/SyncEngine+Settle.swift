import CrashPoints
import ProgressModel
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// Makes the answers' consequences durable, then lets their sessions go.
  mutating func settle(now: Timestamp, _ turn: inout Turn) throws {
    if !unsettled.isEmpty {
      do {
        try settle(unsettled, now: now, &turn)
      } catch SyncStoreError.full where unsettled.count > 1 {
        // What is reserved for settling may not be enough for all of them together.
        for answer in unsettled { try settle([answer], now: now, &turn) }
      }
    }
    if mustMove {
      let sending = Set(inFlight.flatMap(\.writes).map(\.sequence))
      moveCursor = try store.moveToOwnAccounts(
        of: settings.accounts, besides: sending, from: moveCursor, atMost: SyncStore.rowsPerStep
      ).next
      mustMove = moveCursor != nil
    }
    if mustClamp {
      mustClamp = try store.clampDueTimes(now: now, longestDebounce: settings.debounce.maxWait, longestWait: settings.retry.longestWait)
    }
    if mustFlush {
      mustFlush = try store.flush(pause: endpoint.pause, now: now)
    }
    if mustRelease {
      mustRelease = try store.releasePutOff(of: nil, now: now)
      if !mustRelease { accountsToRelease = [] }
    } else if let account = accountsToRelease.first {
      if try !store.releasePutOff(of: account, now: now) { accountsToRelease.remove(account) }
    }
    if mustForgetSuspension {
      try store.resume()
      mustForgetSuspension = false
    }
  }

  private mutating func settle(_ answers: [Answer], now: Timestamp, _ turn: inout Turn) throws {
    let settlements = answers.map { answer in answer.delivery.writes.map { settlement(of: $0, answer: answer, now: now) } }
    CrashPoint.settling.reach()
    let current = try store.settle(settlements.flatMap { $0 }, pause: endpoint.pause, now: now)
    CrashPoint.settled.reach()
    unsettled.removeFirst(answers.count)
    // What was being sent when its sender got a token of his own was left where it was.
    if answers.contains(where: { $0.delivery.account == .common && $0.delivery.writes.contains { settings.accounts.contains($0.sender) } })
    {
      (mustMove, moveCursor) = (true, nil)
    }
    for (answer, settlements) in zip(answers, settlements) {
      inFlight.removeAll { $0 == answer.delivery }
      for (write, settlement) in zip(answer.delivery.writes, settlements) {
        report(settlement, of: write, isCurrent: current.contains(write.sequence), &turn)
      }
    }
  }

  private mutating func settlement(of write: QueuedWrite, answer: Answer, now: Timestamp) -> Settlement {
    let random = Double.random(in: 0..<1, using: &self.random)
    var fate = settings.retry.fate(
      of: answer.outcome, failures: write.failures, in: answer.delivery.company, now: now, random: random)
    // What an older token was refused, the present one may be granted; what another API has not taken, this one may take.
    let isUnauthorized = if case .unauthorized = answer.outcome { true } else { false }
    let isVoid = (isUnauthorized && !answer.isCurrent) || (answer.outcome != .delivered && !answer.isOfThisAPI)
    if isVoid { fate = .passedOver(until: now) }
    return Settlement(sequence: write.sequence, fate: fate, verdict: answer.outcome.verdict)
  }

  /// Learns from an answer how the endpoint stands, and the token that the request went out with.
  mutating func observe(_ answer: Answer, now: Timestamp, _ turn: inout Turn) {
    // A wish for silence binds whoever hears it.
    let isThrottled = if case .throttled = answer.outcome { true } else { false }
    guard answer.isCurrent || (isThrottled && answer.isOfThisAPI) else { return }
    let (delivery, outcome) = (answer.delivery, answer.outcome)
    if case .unsupported = outcome, case .bulk = delivery.company { lacksBulkSync = true }
    let before = endpoint
    let random = Double.random(in: 0..<1, using: &self.random)
    endpoint.observe(outcome, for: delivery.sessions, of: delivery.account, now: now, retry: settings.retry, random: random)
    if endpointSince == nil || !endpoint.state.isOfSameKind(as: before.state) { endpointSince = now }
    // What met a trouble that it may have had to itself keeps to its own retries: released, it would raise the next alarm at once.
    if endpoint.isAnswering, before.isProvenOutage(now: now) { mustRelease = true }
    reportEndpoint(&turn)
    observe(outcome, to: delivery, now: now, &turn)
  }

  /// Says what has become of the endpoint. What one write alone has met for a while is said of that write, not of the endpoint.
  mutating func reportEndpoint(_ turn: inout Turn) {
    if case .unreachable(_, let failures, _, _) = endpoint.state, endpoint.isFalseAlarm, failures <= settings.retry.maximumRetries {
      return
    }
    guard !endpoint.state.isOfSameKind(as: reportedEndpoint) else { return }
    turn.events.append(.endpoint(endpoint.state))
    reportedEndpoint = endpoint.state
  }

  private func report(_ settlement: Settlement, of write: QueuedWrite, isCurrent: Bool, _ turn: inout Turn) {
    let entry = write.reference
    switch settlement.fate {
    case .delivered:
      turn.events.append(.synced(entry, droppedAt: write.droppedAt, afterFailures: write.failures))
    case .retried(_, let failures, let state, _, let status, let reason) where isCurrent:
      let wasParked = write.failures > settings.retry.maximumRetries
      turn.events.append(.attemptFailed(entry, failures: failures, wasParked: wasParked, status: status, reason: reason))
      if state == .parked, !wasParked { turn.events.append(.parked(entry)) }
    case .failed(let status, let reason) where isCurrent:
      turn.events.append(.rejected(entry, status: status, reason: reason))
    case .retried, .failed, .separated, .passedOver:
      break  // A newer write has taken the place of this one, or nothing has changed for it.
    }
  }
}

extension EndpointHealth.State {
  func isOfSameKind(as other: Self) -> Bool {
    switch (self, other) {
    case (.reachable, .reachable), (.paused, .paused), (.failing, .failing), (.unreachable, .unreachable): true
    case (.reachable, _), (.paused, _), (.failing, _), (.unreachable, _): false
    }
  }
}
