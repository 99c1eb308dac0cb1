import GRDB
package import ProgressModel
package import SyncPolicy

extension SyncStore {
  /// The sessions that have a write to send, in due order, at most `limit`; those in `busy` are passed over.
  package func sessionsDue(now: Timestamp, atMost limit: Int, busy: Set<Session>) throws -> [Session] {
    try reading { database in
      try Self.sessions(
        database, sql: "SELECT * FROM writes WHERE due_at_ms <= ? ORDER BY due_at_ms, sequence", arguments: [now.milliseconds],
        atMost: limit, busy: busy)
    }
  }

  /// The session to probe an API with that has given no answer since `outage`: one that has a write to send, or one whose write
  /// only the outage put off. What was silent before the outage comes last: the silence may be its own.
  package func sessionToProbe(since outage: Timestamp, now: Timestamp) throws -> Session? {
    try reading { database in
      for condition in [
        "due_at_ms <= ?1 AND coalesce(unanswered_since_ms >= ?2, 1)", "unanswered_since_ms >= ?2 AND ?1", "due_at_ms <= ?1 AND ?2",
      ] {
        let sql = "SELECT * FROM writes WHERE \(condition) ORDER BY due_at_ms, sequence LIMIT 1"
        let arguments: StatementArguments = [now.milliseconds, outage.milliseconds]
        if let session = try Self.sessions(database, sql: sql, arguments: arguments, atMost: 1, busy: []).first { return session }
      }
      return nil
    }
  }

  /// The writes of a session that may be sent now, in due order.
  ///
  /// `unansweredSince` adds those that have had no answer since then, due or not: they are tried as probes.
  package func writesDue(in session: Session, now: Timestamp, unansweredSince outage: Timestamp? = nil) throws -> [QueuedWrite] {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT * FROM writes WHERE program_id = ? AND week_number = ? AND day_number = ?
            AND (due_at_ms <= ? OR unanswered_since_ms >= ?) ORDER BY due_at_ms, sequence
          """)
      let arguments: StatementArguments = [session.program.text, session.week, session.day, now.milliseconds, outage?.milliseconds]
      return try Row.fetchAll(statement, arguments: arguments).map { try QueuedWrite(row: $0) }
    }
  }

  /// When the next write of a session that is not in `busy` becomes due; nil when none waits.
  package func nextDue(busy: Set<Session>) throws -> Timestamp? {
    try reading { database in
      let rows = try Row.fetchCursor(
        database.cachedStatement(sql: "SELECT * FROM writes WHERE due_at_ms IS NOT NULL ORDER BY due_at_ms, sequence"))
      while let row = try rows.next() {
        if try !busy.contains(Session(row: row)) { return Timestamp(milliseconds: row["due_at_ms"]) }
      }
      return nil
    }
  }

  private static func sessions(
    _ database: Database, sql: String, arguments: StatementArguments, atMost limit: Int, busy: Set<Session>
  ) throws -> [Session] {
    guard limit > 0 else { return [] }
    var sessions: [Session] = []
    let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: arguments)
    while sessions.count < limit, let row = try rows.next() {
      let session = try Session(row: row)
      if !busy.contains(session), !sessions.contains(session) { sessions.append(session) }
    }
    return sessions
  }
}

extension QueuedWrite {
  init(row: Row) throws {
    self.init(
      sequence: row["sequence"], id: row["id"], write: try Write(row: row), failures: row["failures"], isAlone: row["is_alone"],
      unansweredSince: (row["unanswered_since_ms"] as Int64?).map { Timestamp(milliseconds: $0) })
  }
}
