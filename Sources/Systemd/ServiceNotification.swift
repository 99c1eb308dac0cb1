/// What a service tells systemd about itself; [sd_notify(3)](https://www.freedesktop.org/software/systemd/man/252/sd_notify.html).
package enum ServiceNotification: Hashable, Sendable {
  /// Start-up, or a reload, is finished.
  case ready
  /// A sentence for people, shown by `systemctl status`.
  case status(String)
  /// Shutting down has begun.
  case stopping
  /// A reload has begun; `ready` ends it. `since` is the time of `CLOCK_MONOTONIC`, which tells systemd
  /// this reload from an earlier one.
  case reloading(since: Duration)
  /// The work loop has made progress; to be sent at least every half `ServiceNotifier.watchdogInterval`.
  case alive
  /// Starting or stopping takes longer: the time-out is at least `by` from now.
  case extendTimeout(by: Duration)
}

extension ServiceNotification {
  /// The longest status in bytes; systemd ignores a whole message of more than 4 096.
  static let statusLimit = 2_048

  /// The notification in the words of the protocol: `NAME=value` lines.
  ///
  /// A line break inside a status would start another assignment, `WATCHDOG=trigger` among them, so control characters
  /// are escaped.
  var assignments: String {
    switch self {
    case .ready: "READY=1"
    case .status(let text): "STATUS=" + text.singleLine.prefix(bytes: Self.statusLimit)
    case .stopping: "STOPPING=1"
    case .reloading(let instant): "RELOADING=1\nMONOTONIC_USEC=\(instant.inMicroseconds)"
    case .alive: "WATCHDOG=1"
    case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(duration.inMicroseconds)"
    }
  }
}

extension Duration {
  fileprivate var inMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
}

extension String {
  /// The longest beginning of whole characters with at most `limit` bytes of UTF-8.
  fileprivate func prefix(bytes limit: Int) -> Substring {
    guard utf8.count > limit else { return self[...] }
    let end = utf8.index(startIndex, offsetBy: limit)
    return self[..<(indices.last { $0 <= end } ?? startIndex)]
  }
}
