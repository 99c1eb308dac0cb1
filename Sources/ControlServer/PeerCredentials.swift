import Glibc
import NIOCore

extension Channel {
  /// Who has connected, as the kernel noted it then; fails for anything but a unix socket.
  var peer: EventLoopFuture<Caller> {
    guard let options = self as? any SocketOptionProvider else {
      return eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }
    let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED))
    return credentials.map { Caller(uid: $0.uid, process: $0.process) }
  }
}

/// The value of `SO_PEERCRED` (unix(7)), whose C type Glibc's module leaves out.
struct PeerCredentials: Sendable {
  var process: Int32 = 0
  var uid: UInt32 = 0
  var gid: UInt32 = 0

  /// Of a connected unix socket; nil for any other.
  init?(of descriptor: CInt) {
    var length = socklen_t(MemoryLayout<PeerCredentials>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &self, &length) == 0 else { return nil }
  }
}
