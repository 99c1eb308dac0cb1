import GRDB
package import ProgressModel
package import SyncPolicy

extension SyncStore {
  /// The sessions that have a write to send, in due order, at most `limit`; those in `busy` are passed over.
  package func sessionsDue(now: Timestamp, atMost limit: Int, busy: Set<Session>) throws -> [Session] {
    guard limit > 0 else { return [] }
    return try reading { database in
      var sessions: [Session] = []
      let rows = try Self.dueRows(database, until: now)
      while sessions.count < limit, let row = try rows.next() {
        let session = try Session(row: row)
        if !busy.contains(session), !sessions.contains(session) { sessions.append(session) }
      }
      return sessions
    }
  }

  /// When the next write of a session that is not in `busy` becomes due; nil when none waits.
  package func nextDue(busy: Set<Session>) throws -> Timestamp? {
    try reading { database in
      let rows = try Self.dueRows(database, until: Timestamp(milliseconds: .max))
      while let row = try rows.next() {
        if try !busy.contains(Session(row: row)) { return Timestamp(milliseconds: row["due_at_ms"]) }
      }
      return nil
    }
  }

  /// The session to probe an API with that is in trouble.
  ///
  /// One that has not met the trouble comes first: however many have, they may have it to themselves. `includingPutOff`: also
  /// one that is not due, because only the trouble put it off.
  package func sessionToProbe(includingPutOff: Bool, now: Timestamp) throws -> Session? {
    try reading { database in
      let now = now.milliseconds
      let fresh = try Row.fetchOne(
        database.cachedStatement(
          sql: "SELECT * FROM writes WHERE due_at_ms <= ? AND NOT is_put_off ORDER BY due_at_ms, sequence LIMIT 1"), arguments: [now])
      let other = try Row.fetchOne(
        database.cachedStatement(
          sql: "SELECT * FROM writes WHERE is_put_off AND (? OR due_at_ms <= ?) ORDER BY due_at_ms, sequence LIMIT 1"),
        arguments: [includingPutOff, now])
      return try (fresh ?? other).map { try Session(row: $0) }
    }
  }

  /// The writes of a session that its next request may carry: the first that is due, and those that may travel with it; in due order.
  ///
  /// However many exercises a session has, at most three rows are read. `includingPutOff` takes in what only the API's own trouble put off.
  package func writesDue(in session: Session, now: Timestamp, includingPutOff: Bool = false) throws -> [QueuedWrite] {
    try reading { database in
      func due(_ more: String) throws -> [QueuedWrite] {
        let statement = try database.cachedStatement(
          sql: """
            SELECT * FROM writes WHERE program_id = ? AND week_number = ? AND day_number = ?
              AND (due_at_ms <= ? OR (? AND is_put_off)) \(more)
            """)
        let arguments: StatementArguments = [session.program.text, session.week, session.day, now.milliseconds, includingPutOff]
        return try Row.fetchAll(statement, arguments: arguments).map { try QueuedWrite(row: $0) }
      }
      let first = try due("ORDER BY due_at_ms, sequence LIMIT 1")
      guard let field = first.first?.write.key.field, !field.travelsAlone else { return first }
      return try due("AND field <> 'exercise' ORDER BY due_at_ms, sequence")
    }
  }

  private static func dueRows(_ database: Database, until now: Timestamp) throws -> RowCursor {
    let statement = try database.cachedStatement(
      sql: """
        SELECT sequence, due_at_ms, program_id, week_number, day_number FROM writes WHERE due_at_ms <= ? ORDER BY due_at_ms, sequence
        """)
    return try Row.fetchCursor(statement, arguments: [now.milliseconds])
  }
}

extension Field {
  fileprivate var travelsAlone: Bool {
    if case .exercise = self { true } else { false }
  }
}

/// What a row may say beyond what this program writes.
enum WriteRow {
  /// Far beyond what decides anything, and far from overflowing.
  static let mostFailures = 1 << 20
}

extension QueuedWrite {
  init(row: Row) throws {
    self.init(
      sequence: row["sequence"], id: row["id"], write: try Write(row: row), failures: min(row["failures"], WriteRow.mostFailures),
      isAlone: row["is_alone"])
  }
}
