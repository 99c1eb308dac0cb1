package import SyncPolicy

extension ReachedBound {
  /// `10000 rejected files (limits.files_per_user)`.
  var boundInWords: String { bound.inWords(limit) }
}

extension SenderBounds.Bound {
  /// `10000 rejected files (limits.files_per_user)`.
  package func inWords(_ limit: Int) -> String {
    switch self {
    case .files: "\(limit) rejected files (limits.files_per_user)"
    case .keys: "\(limit) entries of the queue (limits.keys_per_user)"
    case .bytes: "\(limit.spelledSize) of values in the queue (limits.bytes_per_user)"
    }
  }

  /// What there has to be before further files are taken in.
  package var end: String {
    switch self {
    case .files: "some are requeued or discarded (progressctl rejected)"
    case .keys, .bytes: "some are delivered or discarded"
    }
  }
}
