package import ProgressModel

extension EndpointHealth {
  /// Learns from an attempt for some sessions of an account. `random` is uniform in 0..<1.
  package mutating func observe(
    _ outcome: DeliveryOutcome, for sessions: [Session], of account: Account = .common, now: Timestamp, retry: RetryPolicy, random: Double
  ) {
    switch outcome {
    case .delivered:
      // What was under way when the API asked for a pause says nothing of what it can take after it.
      if !isPaused(now: now) { window = min(window + 1, Self.open) }
      observeAnswer(now: now)
    case .rejected:
      observeAnswer(now: now)
    case .unsupported where sessions.count > 1:
      observeAnswer(now: now)
    case .deferred(_, let reason), .unsupported(let reason):
      observeDeferral(reason, now: now, retry: retry, random: random)
    case .throttled(_, let reason, let retryAfter):
      // Answers to what was under way when the first pause was asked for do not lengthen the next one.
      if !isPaused(now: now) { pausesInARow += 1 }
      let wait = max(retry.wait(probe: max(pausesInARow, 1), random: random), retryAfter ?? .zero)
      let until = max(now + wait, pause?.until ?? now)
      pause = Pause(until: until, length: until - now, reason: reason)
      (state, window) = (.paused(until: until, reason: reason), 1)
    case .unreachable(let reason):
      hasAnswered = false
      // One bad item may make a bulk request fail. The single requests that follow it will tell.
      guard let session = sessions.first, sessions.count == 1 else { return }
      window = 1
      observeWitness(AccountSession(session, of: account))
      observeSilence(reason, now: now, retry: retry, random: random)
    case .unauthorized:
      observePresence(now: now)
    }
  }

  func isPaused(now: Timestamp) -> Bool { pause.map { now < $0.until } ?? false }

  /// An answer that shows that the API is there, and does not ask for silence.
  private mutating func observeAnswer(now: Timestamp) {
    (deferralsInARow, hasAnswered) = (0, true)
    if !isPaused(now: now) { pausesInARow = 0 }
    state = stateOfPresence(now: now)
  }

  /// An answer that shows that the API is there, and nothing of what it can take.
  private mutating func observePresence(now: Timestamp) {
    if case .failing = state { return }
    state = stateOfPresence(now: now)
  }

  /// A request that was under way when the API asked for a pause does not break it.
  private mutating func stateOfPresence(now: Timestamp) -> State {
    if let pause, now < pause.until { return .paused(until: pause.until, reason: pause.reason) }
    pause = nil
    return .reachable
  }

  private mutating func observeDeferral(_ reason: String, now: Timestamp, retry: RetryPolicy, random: Double) {
    let deferrals = deferralsInARow + 1
    let freshAt = now + retry.wait(probe: 1, random: random)
    if case .failing(let since, let failures, _, let probeAt, _) = state {
      let isProbe = now >= probeAt
      let next = isProbe ? now + wait(afterFailures: failures, since: since, now: now, retry: retry, random: random) : probeAt
      state = .failing(since: since, failures: failures + (isProbe ? 1 : 0), freshAt: freshAt, probeAt: max(next, freshAt), reason: reason)
      return
    }
    observeAnswer(now: now)
    deferralsInARow = deferrals
    guard state == .reachable, deferrals >= Self.troubleOfAnAPI else { return }
    hasAnswered = false
    (state, window) = (.failing(since: now, failures: 1, freshAt: freshAt, probeAt: freshAt, reason: reason), 1)
  }

  private mutating func observeWitness(_ session: AccountSession) {
    switch state {
    case .unreachable: if soleWitness != session { soleWitness = nil }
    case .reachable, .paused, .failing: soleWitness = session
    }
  }

  private mutating func observeSilence(_ reason: String, now: Timestamp, retry: RetryPolicy, random: Double) {
    switch state {
    case .paused(let until, _) where now < until:
      break  // A request that was under way when the API asked for a pause does not break it.
    case .reachable, .paused, .failing:
      state = .unreachable(since: now, failures: 1, probeAt: now + retry.wait(probe: 1, random: random), reason: reason)
    case .unreachable(let since, let failures, let probeAt, _):
      // Requests that were under way when the first one failed tell nothing new.
      guard now >= probeAt else { return }
      let wait = wait(afterFailures: failures, since: since, now: now, retry: retry, random: random)
      state = .unreachable(since: since, failures: failures + 1, probeAt: now + wait, reason: reason)
    }
  }

  private func wait(afterFailures failures: Int, since: Timestamp, now: Timestamp, retry: RetryPolicy, random: Double) -> Duration {
    now - since >= Self.longOutage
      ? Self.longOutageProbeInterval.jittered(by: 0.2, random: random) : retry.wait(probe: failures + 1, random: random)
  }
}

extension RetryPolicy {
  /// The wait before the given probe of an endpoint, counted from 1: the quick retries' waits, then the last of them with jitter.
  fileprivate func wait(probe: Int, random: Double) -> Duration {
    guard let last = backoff.last, probe > backoff.count else { return backoff[probe - 1] }
    return last.jittered(by: 0.2, random: random)
  }
}
