package import ProgressModel

/// Whether the API may be called now. One value for the whole endpoint, so that an outage costs one probe at a time
/// and not one attempt per write.
package struct EndpointHealth: Hashable, Sendable {
  package private(set) var state: State
  /// The one session that met the trouble, while no other has: it may be its own, and others are tried at once.
  private var soleWitness: Session?
  /// The pause that the API asked for last. It holds on when a request that was under way meets another trouble.
  private var pause: Pause?

  private struct Pause: Hashable, Sendable {
    let until: Timestamp
    /// What it was from the answer on: no clock step makes it longer.
    let length: Duration
    let reason: String
  }

  /// What is known of the endpoint.
  package enum State: Hashable, Sendable {
    case reachable
    /// The API asked for a pause until then.
    case paused(until: Timestamp, reason: String)
    /// Nothing answers. One request at a time tries again, at `probeAt`.
    case unreachable(since: Timestamp, failures: Int, probeAt: Timestamp, reason: String)
    /// The API does not accept us (401, 403). Waits for a person; probes slowly in case it was the server's mistake.
    case held(since: Timestamp, probeAt: Timestamp, status: Int, reason: String)
  }

  /// Who may call.
  package enum Admission: Hashable, Sendable {
    case everyone
    /// One request, and only while no other is under way.
    case oneProbe
    /// The same, but not this session: the trouble that it met may be its own. From `until` on it may try again too.
    case oneProbeOfOthers(than: Session, until: Timestamp)
    case nobody(until: Timestamp)
  }

  /// The longest pause that an API can ask for; a longer wish is cut to it.
  package static let longestPause = Duration.seconds(86_400)
  package static let heldProbeInterval = Duration.seconds(300)
  /// An outage longer than `longOutage` is probed at this pace.
  package static let longOutageProbeInterval = Duration.seconds(60)
  package static let longOutage = Duration.seconds(600)
  /// A silence of this length is taken for an outage of the API, whoever met it.
  package static let provenOutage = Duration.seconds(30)

  package init() {
    state = .reachable
  }

  package func admission(now: Timestamp) -> Admission {
    switch state {
    case .reachable: .everyone
    case .paused(let until, _): now < until ? .nobody(until: until) : .everyone
    case .unreachable(_, _, let probeAt, _) where now < probeAt:
      soleWitness.map { .oneProbeOfOthers(than: $0, until: probeAt) } ?? .nobody(until: probeAt)
    case .held(_, let probeAt, _, _) where now < probeAt:
      soleWitness.map { .oneProbeOfOthers(than: $0, until: probeAt) } ?? .nobody(until: probeAt)
    case .unreachable, .held: .oneProbe
    }
  }

  /// Learns from an attempt for a session. `random` is uniform in 0..<1.
  package mutating func observe(_ outcome: DeliveryOutcome, for session: Session, now: Timestamp, retry: RetryPolicy, random: Double) {
    switch outcome {
    case .unreachable(let reason):
      switch state {
      case .unreachable: if soleWitness != session { soleWitness = nil }
      case .reachable, .paused: soleWitness = session
      case .held: break  // Says nothing about the token.
      }
      observeSilence(reason, now: now, retry: retry, random: random)
    case .unauthorized(let status, let reason):
      let probeAt = max(now + Self.heldProbeInterval, pause?.until ?? now)
      // 403 may be about one thing that we must not do; 401 never is (RFC 9110, sections 15.5.2 and 15.5.4).
      let isAlone = !isHeld || soleWitness == session
      soleWitness = status == 403 && isAlone && now >= pause?.until ?? now ? session : nil
      state = .held(since: heldSince ?? now, probeAt: probeAt, status: status, reason: reason)
    case .deferred(_, let reason, let retryAfter?):
      let until = max(now + retryAfter, pause?.until ?? now)
      pause = Pause(until: until, length: until - now, reason: reason)
      state = .paused(until: until, reason: reason)
    case .delivered, .deferred, .rejected, .unsupported:
      // A request that was under way when the API asked for a pause does not break it.
      if let pause, now < pause.until {
        state = .paused(until: pause.until, reason: pause.reason)
      } else {
        (state, pause) = (.reachable, nil)
      }
    }
  }

  /// Forgets all trouble, so that the next request is tried at once: somebody says that the world has changed.
  package mutating func reset() {
    (state, pause) = (.reachable, nil)
  }

  /// Brings waits back within reach after the clock was set back.
  package mutating func clamp(now: Timestamp, retry: RetryPolicy) {
    pause = pause.map { Pause(until: min($0.until, now + $0.length), length: $0.length, reason: $0.reason) }
    switch state {
    case .reachable: break
    case .paused(let until, let reason): state = .paused(until: min(until, pause?.until ?? now), reason: reason)
    case .unreachable(let since, let failures, let probeAt, let reason):
      let longest = max(Self.longOutageProbeInterval, retry.backoff.max() ?? .zero) * 1.2
      state = .unreachable(since: min(since, now), failures: failures, probeAt: min(probeAt, now + longest), reason: reason)
    case .held(let since, let probeAt, let status, let reason):
      state = .held(since: min(since, now), probeAt: min(probeAt, now + Self.heldProbeInterval), status: status, reason: reason)
    }
  }

  /// Whether a silence has lasted so long that it is no write's own: quick retries and probes of others would have ended it.
  package func isProvenOutage(now: Timestamp) -> Bool {
    if case .unreachable(let since, _, _, _) = state { now - since >= Self.provenOutage } else { false }
  }

  /// Whether the trouble may be one session's own: no other has met it.
  package var isFalseAlarm: Bool {
    switch state {
    case .unreachable, .held: soleWitness != nil
    case .reachable, .paused: false
    }
  }

  /// Whether the API does not accept us.
  package var isHeld: Bool { heldSince != nil }

  private var heldSince: Timestamp? {
    if case .held(let since, _, _, _) = state { since } else { nil }
  }

  private mutating func observeSilence(_ reason: String, now: Timestamp, retry: RetryPolicy, random: Double) {
    switch state {
    case .paused(let until, _) where now < until:
      break  // A request that was under way when the API asked for a pause does not break it.
    case .reachable, .paused:
      state = .unreachable(since: now, failures: 1, probeAt: now + retry.wait(probe: 1, random: random), reason: reason)
    case .unreachable(let since, let failures, let probeAt, _):
      // Requests that were under way when the first one failed tell nothing new.
      guard now >= probeAt else { return }
      let isLong = now - since >= Self.longOutage
      let wait = isLong ? Self.longOutageProbeInterval.jittered(by: 0.2, random: random) : retry.wait(probe: failures + 1, random: random)
      state = .unreachable(since: since, failures: failures + 1, probeAt: now + wait, reason: reason)
    case .held(let since, let probeAt, let status, let why):
      guard now >= probeAt else { return }
      state = .held(since: since, probeAt: now + Self.heldProbeInterval, status: status, reason: why)
    }
  }
}

extension RetryPolicy {
  /// The wait before the given probe of an endpoint, counted from 1: the quick retries' waits, then the last of them with jitter.
  fileprivate func wait(probe: Int, random: Double) -> Duration {
    guard let last = backoff.last, probe > backoff.count else { return backoff[probe - 1] }
    return last.jittered(by: 0.2, random: random)
  }
}
