package import ProgressModel

/// Whether the API may be called now, and by how many. One value for the whole endpoint, so that an outage costs one probe at a time
/// and not one attempt per write or account, and what waited through it does not return as a storm.
///
/// Whether it accepts us is each account's own: `TokenHealth`.
package struct EndpointHealth: Hashable, Sendable {
  package internal(set) var state = State.reachable
  /// How many requests may be under way at once: one after a trouble, and one more with each that is delivered, as TCP's slow start
  /// does it (RFC 5681, section 3.1).
  package internal(set) var window = Self.open
  /// Whether anything has been answered since the beginning, or the last silence. Until then requests are single ones: whatever a bulk
  /// request meets, all that it carries goes singly afterwards.
  package internal(set) var hasAnswered = false
  /// The pause that the API asked for last. It holds on when a request that was under way meets another trouble.
  package internal(set) var pause: Pause?
  /// The only session that has met silence, while that may be its own and others are tried at once.
  var soleWitness: AccountSession?
  /// How many requests it deferred, with nothing else answered in between.
  var deferralsInARow = 0
  /// How many pauses it asked for, with nothing else answered in between.
  var pausesInARow = 0

  /// What is known of the endpoint.
  package enum State: Hashable, Sendable {
    case reachable
    /// The API asked for a pause until then.
    case paused(until: Timestamp, reason: String)
    /// It answers, but has taken nothing from anybody for a while. One request at a time: what is new at `freshAt`, the rest at `probeAt`.
    case failing(since: Timestamp, failures: Int, freshAt: Timestamp, probeAt: Timestamp, reason: String)
    /// Nothing answers. One request at a time tries again, at `probeAt`.
    case unreachable(since: Timestamp, failures: Int, probeAt: Timestamp, reason: String)
  }

  /// A wish of the API for silence.
  package struct Pause: Hashable, Sendable {
    package let until: Timestamp
    /// What it was from the answer on: no clock step makes it longer.
    package let length: Duration
    package let reason: String

    package init(until: Timestamp, length: Duration, reason: String) {
      (self.until, self.length, self.reason) = (until, length, reason)
    }
  }

  /// As many as can be configured.
  package static let open = 64
  /// The longest pause that an API can ask for; a longer wish is cut to it.
  package static let longestPause = Duration.seconds(86_400)
  /// An outage longer than `longOutage` is probed at this pace.
  package static let longOutageProbeInterval = Duration.seconds(60)
  package static let longOutage = Duration.seconds(600)
  /// A silence of this length is taken for an outage of the API, whoever met it.
  package static let provenOutage = Duration.seconds(30)
  /// So many requests that were deferred or forbidden, with nothing else answered in between, are the API's trouble and not the writes'.
  package static let troubleOfAnAPI = 5

  package init() {}

  package func admission(now: Timestamp) -> Admission {
    switch state {
    case .reachable: .everyone(atMost: window)
    case .paused(let until, _): now < until ? .nobody(until: until) : .everyone(atMost: window)
    // Whose turn it is, so that neither what is new nor what was tried has to wait for the other.
    case .failing(_, _, let freshAt, let probeAt, _): now < probeAt ? .oneProbeOfFresh(from: freshAt, until: probeAt) : .everyone(atMost: 1)
    case .unreachable(_, _, let probeAt, _) where now < probeAt:
      soleWitness.map { .oneProbeOfOthers(than: $0, until: probeAt) } ?? .nobody(until: probeAt)
    case .unreachable: .oneProbe
    }
  }

  /// Forgets all trouble but a pause, so that the next request is tried at once: somebody says that the world has changed.
  ///
  /// `breakingPause`: also the pause, because a person asks. How many more requests follow is for the answer to tell; `underWay`: those that
  /// may hang must not keep it.
  package mutating func reset(now: Timestamp, breakingPause: Bool = false, underWay: Int = 0) {
    guard state != .reachable else { return }
    let pause = breakingPause ? nil : pause
    self = EndpointHealth()
    window = underWay + 1
    if let pause, now < pause.until { recall(pause, now: now) }
  }

  /// Takes up a pause that an earlier life was asked for. After a clock step it is not longer than it was.
  package mutating func recall(_ pause: Pause, now: Timestamp) {
    let until = min(pause.until, now + pause.length)
    self.pause = Pause(until: until, length: pause.length, reason: pause.reason)
    state = .paused(until: until, reason: pause.reason)
    window = 1
  }

  /// Brings waits back within reach after the clock was set back.
  package mutating func clamp(now: Timestamp, retry: RetryPolicy) {
    pause = pause.map { Pause(until: min($0.until, now + $0.length), length: $0.length, reason: $0.reason) }
    let longest = max(Self.longOutageProbeInterval, retry.backoff.max() ?? .zero) * 1.2
    switch state {
    case .reachable: break
    case .paused(let until, let reason): state = .paused(until: min(until, pause?.until ?? now), reason: reason)
    case .failing(let since, let failures, let freshAt, let probeAt, let reason):
      state = .failing(
        since: min(since, now), failures: failures, freshAt: min(freshAt, now + longest), probeAt: min(probeAt, now + longest),
        reason: reason)
    case .unreachable(let since, let failures, let probeAt, let reason):
      state = .unreachable(since: min(since, now), failures: failures, probeAt: min(probeAt, now + longest), reason: reason)
    }
  }

  /// Whether a silence has lasted so long that it is no write's own: quick retries and probes of others would have ended it.
  package func isProvenOutage(now: Timestamp) -> Bool {
    provenAt.map { now >= $0 } ?? false
  }

  /// Whether the trouble may be one session's own.
  package var isFalseAlarm: Bool { !isAnswering && soleWitness != nil }

  /// Whether the API is there, whatever it says.
  package var isAnswering: Bool {
    if case .unreachable = state { false } else { true }
  }

  /// When a silence will have lasted so long; nil when there is none.
  package var provenAt: Timestamp? {
    if case .unreachable(let since, _, _, _) = state { since + Self.provenOutage } else { nil }
  }
}

extension EndpointHealth.State {
  /// When the endpoint is tried next, or the pause that it asked for ends; nil while it is called whenever something is due.
  package var nextProbeAt: Timestamp? {
    switch self {
    case .reachable: nil
    case .paused(let until, _): until
    case .failing(_, _, let freshAt, let probeAt, _): min(freshAt, probeAt)
    case .unreachable(_, _, let probeAt, _): probeAt
    }
  }
}
