import CSystemd
import Glibc

/// A socket that systemd made for the service, because a socket unit asks for it:
/// [sd_listen_fds(3)](https://www.freedesktop.org/software/systemd/man/252/sd_listen_fds.html).
package struct PassedSocket: Hashable, Sendable {
  /// The `FileDescriptorName=` of its unit. All sockets of a unit have the same: an administrator may add some by a drop-in.
  package let name: String
  /// Open until somebody closes it, and not inherited by other programs. Whether it blocks is systemd's choice.
  package let descriptor: CInt

  /// All that the service was passed, in the order of their units' lines.
  package static var all: [PassedSocket] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = max(0, Int(sd_listen_fds_with_names(0, &names)))
    defer {
      for index in 0..<count { free(names?[index]) }
      free(names)
    }
    return (0..<count).map { index in
      let name = names?[index].map { String(cString: $0) } ?? ""
      return PassedSocket(name: name, descriptor: SD_LISTEN_FDS_START + CInt(index))
    }
  }

  package var isNetlink: Bool { sd_is_socket(descriptor, AF_NETLINK, 0, -1) > 0 }

  /// Whether it is a unix socket that listens.
  ///
  /// - Parameter type: `SOCK_STREAM` (`ListenStream=`) or `SOCK_SEQPACKET` (`ListenSequentialPacket=`).
  package func isUnixListener(_ type: CInt) -> Bool { sd_is_socket_unix(descriptor, type, 1, nil, 0) > 0 }

  /// Where a unix socket was made; nil where it has no place in the file system.
  package var path: String? {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
    let path = withUnsafeBytes(of: address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return path.isEmpty ? nil : path
  }
}
