package import ProgressModel

/// How the daemon and its queue stand.
package struct StatusReport: Hashable, Sendable {
  package var daemon: DaemonPresence
  package var waiting: Int
  package var retrying: Int
  package var parked: Int
  package var failed: Int
  /// When the oldest of the pending writes was accepted; nil when none is pending.
  package var oldestAcceptedAt: Timestamp?
  /// When a write was last delivered; nil before the first.
  package var lastSyncedAt: Timestamp?

  package init(
    daemon: DaemonPresence, waiting: Int = 0, retrying: Int = 0, parked: Int = 0, failed: Int = 0, oldestAcceptedAt: Timestamp? = nil,
    lastSyncedAt: Timestamp? = nil
  ) {
    (self.daemon, self.oldestAcceptedAt, self.lastSyncedAt) = (daemon, oldestAcceptedAt, lastSyncedAt)
    (self.waiting, self.retrying, self.parked, self.failed) = (waiting, retrying, parked, failed)
  }

  /// What is still to be delivered without anybody's doing.
  package var pending: Int { waiting + retrying + parked }

  /// The report with the age of the oldest pending write at `now`, for scripts that compare it with a limit.
  package func json(now: Timestamp) -> JSONValue {
    .object([
      "daemon": daemon.json,
      "pending": .integer(pending),
      "waiting": .integer(waiting),
      "retrying": .integer(retrying),
      "parked": .integer(parked),
      "failed": .integer(failed),
      "oldest_accepted_at": oldestAcceptedAt.json,
      "oldest_age_ms": oldestAcceptedAt.map { .integer(max(0, (now - $0).inMilliseconds)) } ?? .null,
      "last_synced_at": lastSyncedAt.json,
    ])
  }
}

/// Whether a daemon works on the queue.
package enum DaemonPresence: Hashable, Sendable {
  /// `process` is nil while the daemon has not written its number yet.
  case running(process: Int32?)
  case stopped
  /// Who asks may not know.
  case unknown

  var json: JSONValue {
    switch self {
    case .running(let process): .object(["running": .bool(true), "pid": process.map { .integer($0) } ?? .null])
    case .stopped: .object(["running": .bool(false), "pid": .null])
    case .unknown: .object(["running": .null, "pid": .null])
    }
  }
}
