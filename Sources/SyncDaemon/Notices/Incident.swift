package import ProgressModel

/// Something that has gone wrong and that only a person can put right.
package enum Incident: Hashable, Sendable {
  /// The API does not accept us.
  case held(status: Int, reason: String)
  /// The API has refused so many writes for good since it began; `last` is one of them, nil when it is unreadable.
  case failed(count: Int, last: WriteKey?, reason: String)
  /// Somebody has so many rejected files that no further ones of his are taken in.
  case bound(sender: UInt32, limit: Int)
  /// So many writes wait, the oldest for more than a day.
  case backlog(count: Int, since: Timestamp)

  /// At most one incident of a kind is under way.
  package enum Kind: String, CaseIterable, Sendable {
    case held, failed, bound, backlog
  }

  package var kind: Kind {
    switch self {
    case .held: .held
    case .failed: .failed
    case .bound: .bound
    case .backlog: .backlog
    }
  }
}
