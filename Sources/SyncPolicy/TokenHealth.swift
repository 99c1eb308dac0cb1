package import ProgressModel

/// Whether the API accepts the token of one account. Each has a value of its own: what is refused to one stops no other, and slows none.
///
/// Whether the API is there, and what it can take, is no account's own: `EndpointHealth`.
package struct TokenHealth: Hashable, Sendable {
  package let account: Account
  /// nil while nothing is known against the token.
  package private(set) var hold: Hold?
  /// Whether a request with the token was answered in its own right since the beginning, or the last refusal. Until then requests are
  /// single ones: whatever a bulk request meets, all that it carries goes singly afterwards.
  package private(set) var isProven = false
  /// The session that was forbidden last, while that may be its own and others are tried at once.
  private var soleWitness: Session?
  /// How many single requests were forbidden (403), with nothing else answered in between.
  private var refusalsInARow = 0

  package static let probeInterval = Duration.seconds(300)
  /// How often something new is tried while the API forbids everything.
  package static let forbiddenProbeInterval = Duration.seconds(60)

  package init(of account: Account) {
    self.account = account
  }

  package func admission(now: Timestamp) -> Admission {
    guard let hold else { return .everyone(atMost: EndpointHealth.open) }
    guard let probeAt = hold.probeAt else { return .nobody(until: nil) }
    if now >= probeAt { return .oneProbe }
    if let soleWitness { return .oneProbeOfOthers(than: AccountSession(soleWitness, of: account), until: probeAt) }
    guard hold.status == 403 else { return .nobody(until: probeAt) }
    return .oneProbeOfFresh(from: probeAt - Self.probeInterval + Self.forbiddenProbeInterval, until: probeAt)
  }

  /// Learns from an attempt for some sessions.
  package mutating func observe(_ outcome: DeliveryOutcome, for sessions: [Session], now: Timestamp) {
    switch outcome {
    case .delivered, .rejected:
      self = TokenHealth(of: account)
      isProven = true
    case .unauthorized(let status, let reason):
      isProven = false
      observeRefusal(status, reason, for: sessions, now: now)
    case .deferred, .throttled, .unreachable, .unsupported:
      // Says nothing of the token, and was this probe.
      if let probeAt = hold?.probeAt, now >= probeAt { hold?.probeAt = now + Self.probeInterval }
    }
  }

  /// 403 may be about one thing that we must not do; 401 never is (RFC 9110, sections 15.5.2 and 15.5.4).
  private mutating func observeRefusal(_ status: Int, _ reason: String, for sessions: [Session], now: Timestamp) {
    let session = sessions.count == 1 ? sessions.first : nil
    if status == 403 {
      // One forbidden item may be what a bulk request met. The single requests that follow it will tell.
      guard session != nil else { return }
      refusalsInARow += 1
    }
    soleWitness = status == 403 && refusalsInARow < EndpointHealth.troubleOfAnAPI ? session : nil
    hold = Hold(since: hold?.since ?? now, cause: .refused(status: status), reason: reason, probeAt: now + Self.probeInterval)
  }

  /// Learns what there is of a token. One that is new is tried at once.
  package mutating func note(_ token: TokenPresence, now: Timestamp) {
    switch token {
    case .usable: if lacksToken { self = TokenHealth(of: account) }
    case .unusable(let reason): hold(for: .unusableToken, reason, now: now)
    case .absent: hold(for: .noToken, "there is no token for the user", now: now)
    }
  }

  private mutating func hold(for cause: Hold.Cause, _ reason: String, now: Timestamp) {
    let since = lacksToken ? hold?.since ?? now : now
    self = TokenHealth(of: account)
    hold = Hold(since: since, cause: cause, reason: reason)
  }

  /// Whether it is held because there is no token to ask with.
  package var lacksToken: Bool { hold.map { $0.status == nil } ?? false }

  /// Forgets what was refused, so that the next request is tried at once: somebody says that the world has changed.
  package mutating func reset() {
    if hold?.status != nil { self = TokenHealth(of: account) }
  }

  /// Brings waits back within reach after the clock was set back.
  package mutating func clamp(now: Timestamp) {
    hold = hold.map { hold in
      let probeAt = hold.probeAt.map { min($0, now + Self.probeInterval) }
      return Hold(since: min(hold.since, now), cause: hold.cause, reason: hold.reason, probeAt: probeAt)
    }
  }

  /// Whether the API accepts nothing with the token, whatever it is about: 401, not 403.
  package var isHeldForAll: Bool { hold.map { $0.status != 403 } ?? false }
}
