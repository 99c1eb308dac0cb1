import GRDB
package import ProgressModel
package import SyncPolicy

/// How many writes stand in the queue, by state.
package struct QueueCounts: Hashable, Sendable {
  package var waiting = 0
  package var retrying = 0
  package var parked = 0
  package var failed = 0
  /// When a write was last delivered; nil before the first.
  package var lastSyncedAt: Timestamp?

  package init() {}

  /// What is still to be delivered without anybody's doing.
  package var pending: Int { waiting + retrying + parked }
}

/// One row of the queue, as a report shows it.
package struct QueueEntry: Hashable, Sendable {
  package let sequence: Int64
  /// As `WriteKey` spells it; a row without a readable one has one too.
  package let key: String
  package let recordedAt: Timestamp
  package let state: WriteState
  package let failures: Int
  package let acceptedAt: Timestamp
  /// When the first of the changes was accepted that this entry replaced unsent.
  package let waitingSince: Timestamp
  /// nil for what has failed.
  package let dueAt: Timestamp?
  package let lastStatus: Int?
  package let lastReason: String?
  package let sender: UInt32
  /// Whose token it goes out with.
  package let account: Account
  /// JSON with the API's names, not read: what is listed may be much.
  package let value: String
}

extension SyncStore {
  /// The counts, in constant time however long the queue is.
  package func counts() throws -> QueueCounts {
    try reading { database in
      var counts = QueueCounts()
      let sql = "SELECT state, number, (SELECT at_ms FROM last_sync) AS at_ms FROM tallies"
      let tallies = try Row.fetchCursor(database.cachedStatement(sql: sql))
      while let row = try tallies.next() {
        switch WriteState(rawValue: row["state"]) {
        case .waiting: counts.waiting = row["number"]
        case .retrying: counts.retrying = row["number"]
        case .parked: counts.parked = row["number"]
        case .failed: counts.failed = row["number"]
        case nil: break
        }
        counts.lastSyncedAt = (row["at_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
      }
      return counts
    }
  }

  /// When the oldest write was accepted that is still to be delivered without anybody's doing; nil when there is none.
  package func oldestPendingAt() throws -> Timestamp? {
    try reading { database in
      // Sequences are in the order of acceptance.
      let sql = "SELECT accepted_at_ms FROM writes WHERE state <> 'failed' ORDER BY sequence LIMIT 1"
      return try Int64.fetchOne(database, sql: sql).map { Timestamp(milliseconds: $0) }
    }
  }

  /// Gives each entry of the queue to `body`, in the order of acceptance, without holding them all.
  package func forEachEntry(_ body: (QueueEntry) throws -> Void) throws {
    try reading { database in
      let rows = try Row.fetchCursor(database, sql: "SELECT * FROM writes ORDER BY sequence")
      while let row = try rows.next() { try body(QueueEntry(row: row)) }
    }
  }
}

extension QueueEntry {
  init(row: Row) {
    let sequence: Int64 = row["sequence"]
    self.sequence = sequence
    // What is unreadable is listed too, so that a person finds it.
    key = WriteKey(row: row).map { "\($0)" } ?? "row \(sequence)"
    recordedAt = Timestamp(milliseconds: row["recorded_at_ms"])
    // The schema holds the states.
    state = WriteState(rawValue: row["state"]) ?? .failed
    failures = min(row["failures"], WriteRow.mostFailures)
    acceptedAt = Timestamp(milliseconds: row["accepted_at_ms"])
    waitingSince = Timestamp(milliseconds: row["waiting_since_ms"])
    dueAt = (row["due_at_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
    lastStatus = row["last_status"]
    lastReason = row["last_reason"]
    (sender, account) = (row.sender, row.account)
    value = row["value"]
  }
}
