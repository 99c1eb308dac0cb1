import CSystemd
import Glibc

/// A socket that systemd made for the service, because a socket unit asks for it:
/// [sd_listen_fds(3)](https://www.freedesktop.org/software/systemd/man/252/sd_listen_fds.html).
package struct PassedSocket: Hashable, Sendable {
  /// Open until somebody closes it, and not inherited by other programs. Whether it blocks is systemd's choice.
  package let descriptor: CInt

  /// A netlink socket whose unit has `FileDescriptorName=` as given; nil where the service was not passed one.
  package init?(netlinkNamed name: String) {
    self.init(named: name) { sd_is_socket($0, AF_NETLINK, 0, -1) > 0 }
  }

  /// A unix stream socket that listens, whose unit has `FileDescriptorName=` as given; nil where the service was not passed one.
  package init?(unixListenerNamed name: String) {
    self.init(named: name) { sd_is_socket_unix($0, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 }
  }

  /// The same for a unix socket of packets (`ListenSequentialPacket=`).
  package init?(unixPacketListenerNamed name: String) {
    self.init(named: name) { sd_is_socket_unix($0, CInt(SOCK_SEQPACKET.rawValue), 1, nil, 0) > 0 }
  }

  private init?(named name: String, is kind: (CInt) -> Bool) {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = sd_listen_fds_with_names(0, &names)
    defer {
      for index in 0..<max(0, Int(count)) { free(names?[index]) }
      free(names)
    }
    let first = SD_LISTEN_FDS_START
    let found = (0..<max(0, Int(count))).first { index in
      guard let passed = names?[index], String(cString: passed) == name else { return false }
      return kind(first + CInt(index))
    }
    guard let found else { return nil }
    descriptor = first + CInt(found)
  }
}
