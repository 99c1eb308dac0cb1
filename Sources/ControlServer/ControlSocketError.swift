import ControlProtocol
import Glibc
package import SystemPackage

/// Why there is no control socket.
package enum ControlSocketError: Error, Hashable, CustomStringConvertible {
  /// Somebody answers there.
  case inUse(FilePath, process: Int32?)
  case notASocket(FilePath)
  case tooLong(FilePath)
  case unusable(FilePath, doing: String, reason: String)

  static func system(doing: String, _ path: FilePath, _ code: CInt) -> ControlSocketError {
    .unusable(path, doing: doing, reason: "\(Errno(rawValue: code))")
  }

  package var description: String {
    switch self {
    case .inUse(let path, let process):
      "control.socket: another process\(process.map { " (\($0))" } ?? "") answers on \(path): stop it, or give this daemon another control.socket"
    case .notASocket(let path):
      "control.socket: \(path) is there and is no socket; it is left alone: move it away, or set another control.socket"
    case .tooLong(let path):
      "control.socket: \(path) is too long for a socket, whose path has \(ControlPath.longestSocketPath) bytes at most: set a shorter one"
    case .unusable(let path, let doing, let reason): "control.socket: cannot \(doing) \(path): \(reason)"
    }
  }
}
