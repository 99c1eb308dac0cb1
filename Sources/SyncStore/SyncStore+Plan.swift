import GRDB
package import ProgressModel
package import SyncPolicy

extension SyncStore {
  /// The next program, by name and round again, of which an account has a write to send.
  ///
  /// It takes a search per program that has rows, however many rows those are.
  package func programDue(of account: Account, after program: ProgramID?, now: Timestamp) throws -> ProgramID? {
    try reading { database in
      func next(_ from: String, until end: String?) throws -> ProgramID? {
        var name = from
        let statement = try database.cachedStatement(
          sql: """
            SELECT sequence, program_id, (SELECT min(due_at_ms) FROM writes AS its
              WHERE its.account = ?1 AND its.program_id = writes.program_id AND due_at_ms IS NOT NULL) AS due
            FROM writes WHERE account = ?1 AND due_at_ms IS NOT NULL AND program_id > ?2 ORDER BY program_id LIMIT 1
            """)
        while let row = try Row.fetchOne(statement, arguments: [account.column, name]) {
          name = row["program_id"]
          if let end, name > end { return nil }
          guard (row["due"] as Int64) <= now.milliseconds else { continue }
          guard let program = ProgramID(name) else { throw SyncStoreError.unreadable(sequence: row["sequence"]) }
          return program
        }
        return nil
      }
      return try next(program?.text ?? "", until: nil) ?? program.flatMap { try next("", until: $0.text) }
    }
  }

  /// The sessions of a program of which an account has a write to send, in due order, at most `limit`; those in `busy` are passed over.
  package func sessionsDue(
    of program: ProgramID, of account: Account, now: Timestamp, atMost limit: Int, busy: Set<Session>
  ) throws -> [Session] {
    try reading { database in
      var sessions: [Session] = []
      var seen = busy
      let statement = try database.cachedStatement(
        sql: """
          SELECT sequence, due_at_ms, program_id, week_number, day_number FROM writes
          WHERE account = ? AND program_id = ? AND due_at_ms <= ? ORDER BY due_at_ms, sequence
          """)
      let rows = try Row.fetchCursor(statement, arguments: [account.column, program.text, now.milliseconds])
      while sessions.count < limit, let row = try rows.next() {
        let session = try Session(row: row)
        if seen.insert(session).inserted { sessions.append(session) }
      }
      return sessions
    }
  }

  /// The session whose write became due last of all of an account that were never tried, not before `instant`.
  package func freshSession(of account: Account, dueSince instant: Timestamp, now: Timestamp, busy: Set<Session>) throws -> Session? {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT sequence, due_at_ms, program_id, week_number, day_number FROM writes
          WHERE account = ? AND state = 'waiting' AND due_at_ms BETWEEN ? AND ? ORDER BY due_at_ms DESC, sequence DESC
          """)
      let arguments: StatementArguments = [account.column, instant.milliseconds, now.milliseconds]
      return try Self.first(of: Row.fetchCursor(statement, arguments: arguments), besides: busy)?.session
    }
  }

  /// When the next write of an account becomes due whose session is not in `busy`; nil when none waits.
  package func nextDue(of account: Account, busy: Set<Session>) throws -> Timestamp? {
    try nextDue(of: account, where: "due_at_ms IS NOT NULL", busy: busy)
  }

  /// The same of what was never tried.
  package func nextFreshDue(of account: Account, busy: Set<Session>) throws -> Timestamp? {
    try nextDue(of: account, where: "state = 'waiting'", busy: busy)
  }

  private func nextDue(of account: Account, where condition: String, busy: Set<Session>) throws -> Timestamp? {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT sequence, due_at_ms, program_id, week_number, day_number FROM writes WHERE account = ? AND \(condition)
          ORDER BY due_at_ms, sequence
          """)
      return try Self.first(of: Row.fetchCursor(statement, arguments: [account.column]), besides: busy)?.dueAt
    }
  }

  private static func first(of rows: RowCursor, besides busy: Set<Session>) throws -> (session: Session, dueAt: Timestamp)? {
    while let row = try rows.next() {
      let session = try Session(row: row)
      if !busy.contains(session) { return (session, Timestamp(milliseconds: row["due_at_ms"])) }
    }
    return nil
  }

  /// The session of an account to probe an API with that is in trouble.
  ///
  /// One that was never tried comes first, then one that has not met the trouble: however many have, they may have it to themselves.
  /// `includingPutOff`: also one that is not due, because only the trouble put it off.
  package func sessionToProbe(of account: Account, includingPutOff: Bool, now: Timestamp) throws -> Session? {
    try reading { database in
      func first(_ condition: String) throws -> Session? {
        let sql = "SELECT * FROM writes WHERE account = :account AND \(condition) ORDER BY due_at_ms, sequence LIMIT 1"
        let arguments: StatementArguments = ["account": account.column, "now": now.milliseconds]
        let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
        return try row.map { try Session(row: $0) }
      }
      return try first("state = 'waiting' AND due_at_ms <= :now AND NOT is_put_off") ?? first("due_at_ms <= :now AND NOT is_put_off")
        ?? first(includingPutOff ? "is_put_off AND :now NOTNULL" : "is_put_off AND due_at_ms <= :now")
    }
  }

  /// The writes of an account's session that its next request may carry: the first that is due, and those that may travel with it; in due
  /// order.
  ///
  /// However many exercises a session has, at most four rows are read. `includingPutOff` takes in what only the API's own trouble put off.
  package func writesDue(
    in session: Session, of account: Account, now: Timestamp, includingPutOff: Bool = false
  ) throws -> [QueuedWrite] {
    try reading { database in
      let isDue =
        "account = ?1 AND program_id = ?2 AND week_number = ?3 AND day_number = ?4 AND (due_at_ms <= ?5 OR (?6 AND is_put_off))"
      let statement = try database.cachedStatement(
        sql: """
          SELECT \(QueuedWrite.columns) FROM writes WHERE \(isDue) AND (field <> 'exercise'
            OR sequence = (SELECT sequence FROM writes WHERE \(isDue) ORDER BY due_at_ms, sequence LIMIT 1))
          ORDER BY due_at_ms, sequence
          """)
      let arguments: StatementArguments = [
        account.column, session.program.text, session.week, session.day, now.milliseconds, includingPutOff,
      ]
      let due = try Row.fetchAll(statement, arguments: arguments).map { try QueuedWrite(row: $0) }
      return due.first.map { $0.write.key.field.travelsAlone ? [$0] : due } ?? []
    }
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
  /// What `init(row:)` reads.
  static let columns =
    """
    sequence, id, program_id, week_number, day_number, value, recorded_at_ms, failures, company_limit, sender_uid, dropped_at_ms, account
    """

  init(row: Row) throws {
    self.init(
      sequence: row["sequence"], id: row["id"], write: try Write(row: row), failures: min(row["failures"], WriteRow.mostFailures),
      companyLimit: row["company_limit"] ?? QueuedWrite.anyCompany, account: row.account, sender: row.sender,
      droppedAt: (row["dropped_at_ms"] as Int64?).map { Timestamp(milliseconds: $0) })
  }
}
