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
    sd_notify(0, notifications.map(\.assignments).joined(separator: "\n")) > 0
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
