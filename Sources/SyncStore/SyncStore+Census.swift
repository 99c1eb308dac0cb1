import GRDB
package import ProgressModel

/// All that is counted in the queue, of one moment.
package struct QueueCensus: Hashable, Sendable {
  package var counts = QueueCounts()
  package var totals = QueueTotals()
  /// When the oldest of the pending writes was accepted; nil when none is pending.
  package var oldestPendingAt: Timestamp?
  /// Whether a person has asked for nothing to be sent; it may have ended at `suspendedUntil`.
  package var isSuspended = false
  package var suspendedUntil: Timestamp?
}

extension SyncStore {
  /// Counts, in one statement, so that the numbers agree while the daemon works. The time does not grow with the queue.
  package func census() throws -> QueueCensus {
    try reading { database in
      let sql = """
        SELECT totals.*, (SELECT at_ms FROM last_sync) AS synced_at_ms,
          (SELECT number FROM tallies WHERE state = 'waiting') AS waiting,
          (SELECT number FROM tallies WHERE state = 'retrying') AS retrying,
          (SELECT number FROM tallies WHERE state = 'parked') AS parked,
          (SELECT number FROM tallies WHERE state = 'failed') AS failed,
          (SELECT accepted_at_ms FROM writes WHERE state <> 'failed' ORDER BY sequence LIMIT 1) AS oldest_ms,
          EXISTS (SELECT 1 FROM suspension) AS is_suspended, (SELECT until_ms FROM suspension) AS suspended_until_ms
        FROM totals
        """
      guard let row = try Row.fetchOne(database, sql: sql) else { return QueueCensus() }
      return QueueCensus(row: row)
    }
  }
}

extension QueueCensus {
  fileprivate init(row: Row) {
    for column in QueueTotals.columns { totals[keyPath: column.path] = row[column.name] }
    (counts.waiting, counts.retrying) = (row["waiting"], row["retrying"])
    (counts.parked, counts.failed) = (row["parked"], row["failed"])
    counts.lastSyncedAt = (row["synced_at_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
    oldestPendingAt = (row["oldest_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
    isSuspended = row["is_suspended"]
    suspendedUntil = (row["suspended_until_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
  }
}
