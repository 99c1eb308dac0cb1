import CSpool
import Glibc
package import SystemPackage

/// Tells a thread that waits in poll(2) to end; may be rung from anywhere, and stays rung.
package final class StopBell: Sendable {
  private let descriptor: CInt

  /// Throws when the process has no descriptor left.
  package init() throws(Errno) {
    descriptor = try checked { cspool_eventfd() }
  }

  deinit { close(descriptor) }

  package func ring() {
    // It can only fail when it has been rung more often than anybody can count: eventfd(2).
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout.size(ofValue: one))
  }

  /// Readable as soon as it has rung.
  var number: CInt { descriptor }

  var hasRung: Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) > 0
  }
}
