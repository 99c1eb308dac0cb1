import Foundation
import Glibc

/// systemd's end of the notification socket: collects what a service says of itself.
final class NotifySocket {
  let path: String
  private let descriptor: Int32
  private var assignments: [String] = []

  init(in directory: URL) throws {
    path = directory.appending(path: "notify").path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  deinit { close(descriptor) }

  /// Every `NAME=value` so far, in order.
  var received: [String] {
    var buffer = [UInt8](repeating: 0, count: 8192)
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
      assignments += String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init)
    }
    return assignments
  }
}
