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

  /// The session of the next write whose last attempt got no answer, due or not: what to probe an API with when nothing else is due.
  package func sessionUnanswered() throws -> Session? {
    try reading { database in
      let sql = "SELECT * FROM writes WHERE is_unanswered ORDER BY due_at_ms, sequence"
      return try Self.sessions(database, sql: sql, arguments: [], atMost: 1, busy: []).first
    }
  }

  /// The writes of a session that may be sent now, in due order; `includingUnanswered` adds those that a lost answer put off.
  package func writesDue(in session: Session, now: Timestamp, includingUnanswered: Bool) throws -> [QueuedWrite] {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT * FROM writes WHERE program_id = ? AND week_number = ? AND day_number = ?
            AND (due_at_ms <= ? OR (? AND is_unanswered)) ORDER BY due_at_ms, sequence
          """)
      let arguments: StatementArguments = [session.program.text, session.week, session.day, now.milliseconds, includingUnanswered]
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
      sequence: row["sequence"], id: row["id"], write: try Write(row: row), failures: row["failures"], isAlone: row["is_alone"])
  }
}
