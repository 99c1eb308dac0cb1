import AsyncHTTPClient
import ControlProtocol
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// What an error of the HTTP library means to whoever asked over the control socket.
struct SocketFailure: Sendable {
  let path: String
  let limit: Duration

  /// A `ControlError`, or the `CancellationError` that it was.
  func reason(for error: any Error) -> any Error {
    switch error {
    case is ControlError, is CancellationError: error
    case let error as IOError: reason(for: error)
    case let error as HTTPClientError where error == .cancelled: CancellationError()
    case let error as HTTPClientError where Self.timeouts.contains(error): ControlError.noAnswer(within: limit)
    case let error as HTTPClientError where error == .remoteConnectionClosed: ControlError.lost("it was closed")
    case HTTPParserError.invalidEOFState, is ChannelError: ControlError.lost("it was closed")
    default: ControlError.lost("\(error)")
    }
  }

  private static let timeouts: [HTTPClientError] = [.connectTimeout, .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout]

  private func reason(for error: IOError) -> ControlError {
    switch error.errnoCode {
    // A socket that nobody listens on any more refuses; a path through something else than a directory leads to none.
    case ENOENT, ECONNREFUSED, ENOTDIR, ENOTSOCK: .noDaemon(socket: path)
    case EACCES, EPERM: .mayNotConnect(socket: path, group: owningGroup)
    default: .lost(String(cString: strerror(error.errnoCode)))
    }
  }

  /// Of the socket, or of the first directory above it that can be looked at: that one lets nobody in.
  private var owningGroup: String? {
    var path = path
    while !path.isEmpty {
      var status = stat()
      if lstat(path, &status) == 0 { return Self.name(ofGroup: status.st_gid) }
      guard errno == EACCES, let slash = path.lastIndex(of: "/") else { return nil }
      path = String(path[..<slash])
    }
    return nil
  }

  private static func name(ofGroup group: gid_t) -> String {
    getgrgid(group).map { String(cString: $0.pointee.gr_name) } ?? "\(group)"
  }
}
