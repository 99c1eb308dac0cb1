import CSystemd
import Glibc

/// Tells systemd how the service is doing, through the socket that `$NOTIFY_SOCKET` names.
///
/// Outside a service of `Type=notify` nobody listens, and every call does nothing.
package struct ServiceNotifier: Sendable {
  package init() {}

  /// Sends the notifications together, in one datagram.
  ///
  /// - Returns: Whether they were handed to systemd. There is nothing to do when they were not: systemd acts on its
  ///   own time-outs, and the work goes on.
  @discardableResult
  package func notify(_ notifications: ServiceNotification...) -> Bool {
    guard isHeard else { return false }
    return sd_notify(0, notifications.map(\.assignments).joined(separator: "\n")) > 0
  }

  /// Whether the socket takes a datagram now. sd_notify waits while the socket is full, and a service must not stand still because
  /// nobody listens.
  private var isHeard: Bool {
    guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), !path.isEmpty else { return false }
    let probe = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { return true }
    defer { close(probe) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // An abstract socket is written with an @ for its leading zero: sd_notify(3).
    let bytes = path.utf8.first == UInt8(ascii: "@") ? [0] + path.utf8.dropFirst() : Array(path.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix($0.count)) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let isConnected = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(probe, $0, length) == 0 }
    }
    // What is wrong with the address is for sd_notify to find.
    guard isConnected else { return true }
    var readiness = pollfd(fd: probe, events: Int16(POLLOUT), revents: 0)
    return poll(&readiness, 1, 0) == 1
  }

  /// Says that a reload begins now; `.ready` ends it.
  package func notifyReloading() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    notify(.reloading(since: .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)))
  }

  /// The longest silence that systemd's watchdog accepts between two `.alive`; nil when it does not watch this process.
  package var watchdogInterval: Duration? {
    var microseconds: UInt64 = 0
    guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
    return .microseconds(Int64(clamping: microseconds))
  }
}
