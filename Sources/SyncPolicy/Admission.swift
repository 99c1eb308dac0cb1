package import ProgressModel

/// Who may call: what `EndpointHealth` says for everybody, and `TokenHealth` for one account.
package enum Admission: Hashable, Sendable {
  /// So many requests at once.
  case everyone(atMost: Int)
  /// One request, and only while no other is under way.
  case oneProbe
  /// The same, but not this session: the trouble that it met may be its own. From `until` on it may try again too.
  case oneProbeOfOthers(than: AccountSession, until: Timestamp)
  /// The same, but only what was never tried. From `until` on the rest may try again too.
  case oneProbeOfFresh(from: Timestamp, until: Timestamp)
  /// nil: until something else changes.
  case nobody(until: Timestamp?)
}

extension Admission {
  /// From when on anybody at all may call; nil: not before something else changes.
  package func opensAt(now: Timestamp) -> Timestamp? {
    switch self {
    case .everyone, .oneProbe, .oneProbeOfOthers: now
    case .oneProbeOfFresh(let from, _): max(from, now)
    case .nobody(let until): until
    }
  }
}
