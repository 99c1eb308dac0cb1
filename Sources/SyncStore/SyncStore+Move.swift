import GRDB
import SyncPolicy

extension SyncStore {
  /// Moves what users who have got tokens of their own have in the common account into theirs.
  ///
  /// Where both have a row of a key, the newer one stays, by sequence, and the older one counts as superseded. What is being sent stays
  /// where it is. It goes by steps of at most `limit` rows that are looked at, each of them one transaction.
  ///
  /// - Parameters:
  ///   - inFlight: The sequences of the writes that are being sent.
  ///   - cursor: What the step before returned.
  package func moveToOwnAccounts(
    of users: Set<UInt32>, besides inFlight: Set<Int64>, from cursor: EntryCursor?, atMost limit: Int = rowsPerStep
  ) throws -> EntryStep {
    guard try hasStrays(of: users) else { return EntryStep() }
    return try settlingTransaction { database in
      var (step, totals) = (EntryStep(), QueueTotals())
      let through = try cursor?.through ?? Int64.fetchOne(database, sql: "SELECT max(sequence) FROM writes") ?? 0
      let scan = try database.cachedStatement(
        sql: "SELECT sequence, account, sender_uid FROM writes WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?")
      let scanned = try Row.fetchAll(scan, arguments: [cursor?.after ?? 0, through, limit])
      for row in scanned where row.account == .common && users.contains(row.sender) && !inFlight.contains(row["sequence"]) {
        totals.superseded += try Self.moveToOwnAccount(row["sequence"], in: database)
        step.changed += 1
      }
      try totals.add(in: database)
      if scanned.count == limit, let last = scanned.last { step.next = EntryCursor(after: last["sequence"], through: through) }
      return step
    }
  }

  private func hasStrays(of users: Set<UInt32>) throws -> Bool {
    guard !users.isEmpty else { return false }
    return try reading { database in
      let statement = try database.cachedStatement(sql: "SELECT sender_uid FROM senders WHERE account = ? AND number > 0")
      return try Row.fetchAll(statement, arguments: [Account.common.column]).contains { users.contains($0.sender) }
    }
  }

  /// Returns how many rows were superseded.
  private static func moveToOwnAccount(_ sequence: Int64, in database: Database) throws -> Int {
    let find = try database.cachedStatement(
      sql: """
        SELECT own.sequence FROM writes AS stray JOIN writes AS own ON own.account = stray.sender_uid AND own.program_id = stray.program_id
          AND own.week_number = stray.week_number AND own.day_number = stray.day_number AND own.field = stray.field
          AND own.exercise_id = stray.exercise_id
        WHERE stray.sequence = ?
        """)
    let rival = try Int64.fetchOne(find, arguments: [sequence])
    if let rival { try database.cachedStatement(sql: "DELETE FROM writes WHERE sequence = ?").execute(arguments: [min(rival, sequence)]) }
    let move = try database.cachedStatement(sql: "UPDATE writes SET account = sender_uid WHERE sequence = ?")
    try move.execute(arguments: [sequence])
    return rival == nil ? 0 : 1
  }
}
