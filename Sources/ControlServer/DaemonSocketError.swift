import ControlProtocol
import Glibc
package import SystemPackage

/// Why one of the daemon's sockets is not there.
package struct DaemonSocketError: Error, Hashable, CustomStringConvertible {
  package enum Problem: Error, Hashable {
    /// Somebody answers there.
    case inUse(process: Int32?)
    case notASocket
    case tooLong
    case unusable(doing: String, FilePath, Errno)
  }

  package let problem: Problem
  package let path: FilePath
  package let purpose: SocketPurpose

  package init(_ problem: Problem, at path: FilePath, for purpose: SocketPurpose) {
    (self.problem, self.path, self.purpose) = (problem, path, purpose)
  }

  package var isInUse: Bool {
    if case .inUse = problem { true } else { false }
  }

  package var description: String {
    let key = purpose.key
    return switch problem {
    case .inUse(let process):
      "\(key): another process\(process.map { " (\($0))" } ?? "") answers on \(path): stop it, or give this daemon another \(key)"
    case .notASocket: "\(key): \(path) is there and is no socket; it is left alone: move it away, or set another \(key)"
    case .tooLong:
      "\(key): \(path) is too long for a socket, whose path has \(ControlPath.longestSocketPath) bytes at most: set a shorter one"
    case .unusable(let doing, let path, let code): "\(key): cannot \(doing) \(path): \(code)"
    }
  }
}
