package import ProgressModel

/// Why a store did not do what it was asked.
package enum ProgressStoreError: Error, Hashable {
  /// The user has no such program.
  case noProgram(ProgramID)
  /// Nothing was ever written about the session.
  case noProgressLog(Session)
  /// The engine is in trouble (full disk, locked or damaged file, lost connection); says nothing about the request.
  case unavailable(reason: String)
}

extension ProgressStoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noProgram(let id): "there is no program \(id)"
    case .noProgressLog(let session): "there is no progress log of \(session)"
    case .unavailable(let reason): reason
    }
  }
}
