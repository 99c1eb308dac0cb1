import Glibc
import SystemPackage
import TestSupport

/// The receiving end of sd_notify(3): a datagram socket, as systemd has one for each service.
final class NotifySocket {
  let path: String
  private let descriptor: CInt
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.path.appending("notify").string
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard bound == 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(descriptor) }

  /// The next datagram; nil when there is none. One that was sent before is there already.
  func receive() -> String? {
    var buffer = [UInt8](repeating: 0, count: 8_192)
    let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}
