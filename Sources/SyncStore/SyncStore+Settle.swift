import GRDB
package import ProgressModel
package import SyncPolicy

/// The fate of one write, to be made true in the queue.
package struct Settlement: Hashable, Sendable {
  package let sequence: Int64
  package let fate: Fate
  package let state: WriteState
  /// Since when attempts have got no answer at all; nil when this one got one.
  package let unansweredSince: Timestamp?

  /// `state` is where a write stands that is tried again.
  package init(sequence: Int64, fate: Fate, state: WriteState, unansweredSince: Timestamp?) {
    (self.sequence, self.fate, self.state, self.unansweredSince) = (sequence, fate, state, unansweredSince)
  }
}

extension SyncStore {
  /// Settles attempts, all in one transaction. A write that a newer one replaced meanwhile has no row any more, and its
  /// settlement changes nothing: that is how the newer one is neither lost nor sent early.
  ///
  /// Returns the sequences whose rows were still there.
  package func settle(_ settlements: [Settlement], now: Timestamp) throws -> Set<Int64> {
    try transaction { database in
      var current: Set<Int64> = []
      for settlement in settlements where try Self.apply(settlement, now: now, in: database) {
        current.insert(settlement.sequence)
      }
      if settlements.contains(where: { $0.fate == .delivered }) {
        try database.cachedStatement(sql: "UPDATE last_sync SET at_ms = ?").execute(arguments: [now.milliseconds])
      }
      return current
    }
  }

  /// Makes everything due that has got no answer since `outage` or later: the API answers again.
  ///
  /// What was silent before is left to its own retries: others were answered meanwhile, so the silence is its own.
  package func releaseUnanswered(since outage: Timestamp, now: Timestamp) throws {
    try transaction { database in
      let sql = "UPDATE writes SET due_at_ms = min(due_at_ms, ?) WHERE unanswered_since_ms >= ?"
      try database.cachedStatement(sql: sql).execute(arguments: [now.milliseconds, outage.milliseconds])
    }
  }

  /// Housekeeping that costs next to nothing when there is nothing to do.
  ///
  /// Due times beyond what any policy gives are the work of a clock that was set back, and come back within reach:
  /// of a write that was not tried yet within `longestDebounce`, of any other within `longestWait`. Clients' ids of
  /// actions, and receipts, of what was accepted before `forgettingBefore` are forgotten.
  package func tidy(now: Timestamp, longestDebounce: Duration, longestWait: Duration, forgettingBefore: Timestamp) throws {
    try transaction { database in
      let clamp = try database.cachedStatement(
        sql: "UPDATE writes SET due_at_ms = ?1 WHERE due_at_ms > ?1 AND (state = 'waiting') = ?2")
      try clamp.execute(arguments: [(now + longestDebounce).milliseconds, true])
      try clamp.execute(arguments: [(now + longestWait).milliseconds, false])
      for table in ["client_actions", "receipts"] {
        let forget = try database.cachedStatement(sql: "DELETE FROM \(table) WHERE accepted_at_ms < ?")
        try forget.execute(arguments: [forgettingBefore.milliseconds])
      }
    }
  }

  /// Keeps a row that is unreadable out of the way of all others; a person finds it among the failed ones.
  package func setAside(unreadable sequence: Int64) throws {
    try transaction { database in
      let sql = "UPDATE writes SET state = 'failed', due_at_ms = NULL, last_reason = 'the row is unreadable' WHERE sequence = ?"
      try database.execute(sql: sql, arguments: [sequence])
    }
  }

  private static func apply(_ settlement: Settlement, now: Timestamp, in database: Database) throws -> Bool {
    let sequence = settlement.sequence
    switch settlement.fate {
    case .delivered:
      try database.cachedStatement(sql: "DELETE FROM writes WHERE sequence = ?").execute(arguments: [sequence])
    case .retried(let dueAt, let failures, let isAlone, let reason):
      let retry = try database.cachedStatement(
        sql: """
          UPDATE writes SET state = ?, due_at_ms = ?, failures = ?, is_alone = is_alone OR ?, unanswered_since_ms = ?, last_reason = ?,
            last_status = NULL WHERE sequence = ?
          """)
      try retry.execute(arguments: [
        settlement.state.rawValue, dueAt.milliseconds, failures, isAlone, settlement.unansweredSince?.milliseconds, reason, sequence,
      ])
    case .separated(let reason):
      let separate = try database.cachedStatement(
        sql: "UPDATE writes SET is_alone = 1, due_at_ms = ?, unanswered_since_ms = NULL, last_reason = ? WHERE sequence = ?")
      try separate.execute(arguments: [now.milliseconds, reason, sequence])
    case .failed(let status, let reason):
      let fail = try database.cachedStatement(
        sql: """
          UPDATE writes SET state = 'failed', due_at_ms = NULL, failures = failures + 1, unanswered_since_ms = NULL, last_status = ?,
            last_reason = ? WHERE sequence = ?
          """)
      try fail.execute(arguments: [status, reason, sequence])
    case .untouched:
      return true
    }
    return database.changesCount > 0
  }
}
