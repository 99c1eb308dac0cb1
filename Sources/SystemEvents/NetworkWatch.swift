import CSystemEvents
import Glibc
import Synchronization
import SystemPackage

/// Rings when the network may have become better: an address or a route has appeared, or a link has come up.
///
/// It listens to the multicast groups of rtnetlink(7). What disappears does not ring, because nobody can do anything about it. When the kernel
/// could not keep all its messages (`ENOBUFS`), that rings too.
package struct NetworkWatch: Sendable {
  /// For one consumer; the watch ends with it.
  package let rings: AsyncStream<Void>

  /// Throws where netlink sockets are not allowed, as in a service with `RestrictAddressFamilies=`.
  package init() throws(SystemEventError) {
    do throws(Errno) {
      self.init(socket: try checked { csystemevents_network_socket() })
    } catch {
      throw SystemEventError(subject: "the network", code: error)
    }
  }

  /// Listens to a netlink socket that is bound to the groups already, by systemd for instance, and leaves it open for the next watch. What
  /// waits in it rings at once.
  ///
  /// Throws when the process has no descriptor left.
  package init(sharing socket: CInt) throws(SystemEventError) {
    do throws(Errno) {
      self.init(socket: try checked { fcntl(socket, F_DUPFD_CLOEXEC, 0) })
    } catch {
      throw SystemEventError(subject: "the network", code: error)
    }
  }

  /// Takes over such a socket.
  init(socket: CInt) {
    let messages = Mutex(RouteMessages())
    rings = KernelNotices(from: socket) { messages.withLock { Self.drain(socket, into: &$0) } }.rings
  }

  static func drain(_ socket: CInt, into messages: inout RouteMessages) -> Bool {
    var mayHelp = false
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      // A socket that was passed on may be a blocking one.
      let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
      if count > 0 {
        if messages.mayHelp(buffer.prefix(count)) { mayHelp = true }
      } else if count < 0, errno == ENOBUFS {
        messages = RouteMessages()
        mayHelp = true
      } else if count == 0 || errno != EINTR {
        return mayHelp
      }
    }
  }
}
