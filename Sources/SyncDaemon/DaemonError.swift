package import SystemPackage

/// Why the daemon does not start, or does not take over a new configuration.
package enum DaemonError: Error, Hashable, CustomStringConvertible {
  case stateDirectory(FilePath, reason: String)
  case token(FilePath, reason: String)
  case userTokens(FilePath, reason: String)

  package var description: String {
    switch self {
    case .stateDirectory(let path, let reason):
      "cannot make the state directory \(path): \(reason); make it, and name it in ReadWritePaths= of the service, or set another state.directory"
    case .userTokens(let path, let reason):
      "\(path) cannot be read: \(reason); it must be a directory of users' tokens, see api.user_tokens"
    case .token(let path, let reason): "\(path) \(reason); it must hold the API's token, see api.token_file"
    }
  }
}
