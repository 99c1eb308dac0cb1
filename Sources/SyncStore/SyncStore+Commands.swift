import GRDB
package import ProgressModel
import SyncPolicy

/// What a person does to entries of the queue. Each call is one step and one transaction: a selection that may mean a million entries is
/// gone through in steps of `rowsPerStep`, and a crash between two steps leaves the first one done.
extension SyncStore {
  /// Makes entries due now.
  ///
  /// What has failed begins anew, in whatever company, and with a new write id: an API that remembers its refusal by the idempotency key has to
  /// be asked anew. Everything else keeps its id: the API may have applied it, and whoever repeats it must say so.
  ///
  /// - Parameters:
  ///   - sender: Only what this user has dropped; nil: whoever dropped it.
  ///   - cursor: What the step before returned.
  package func retry(
    _ selection: EntrySelection, of sender: UInt32?, from cursor: EntryCursor?, atMost limit: Int = rowsPerStep, now: Timestamp
  ) throws -> EntryStep {
    try settlingTransaction { database in
      let retry = try database.cachedStatement(
        sql: """
          UPDATE writes SET id = iif(state = 'failed', \(Self.freshID), id), due_at_ms = min(coalesce(due_at_ms, ?1), ?1), is_put_off = 0,
            failures = iif(state = 'failed', 0, failures), company_limit = iif(state = 'failed', NULL, company_limit),
            last_status = iif(state = 'failed', NULL, last_status), last_reason = iif(state = 'failed', NULL, last_reason),
            state = iif(state = 'failed', 'waiting', state)
          WHERE sequence = ?2
          """)
      var step = EntryStep()
      for row in try Self.selected(selection, of: sender, from: cursor, atMost: limit, &step, in: database) {
        try retry.execute(arguments: [now.milliseconds, row["sequence"] as Int64])
        step.note(row)
      }
      return step
    }
  }

  /// `c-1` becomes `c-1~1`, and that `c-1~2`.
  private static let freshID =
    "iif(instr(id, '~'), substr(id, 1, instr(id, '~')) || (substr(id, instr(id, '~') + 1) + 1), id || '~1')"

  /// Takes entries out of the queue, undelivered; what is being sent may arrive all the same, and its answer then finds no entry.
  ///
  /// - Parameters:
  ///   - sender: Only what this user has dropped; nil: whoever dropped it.
  ///   - caller: Whoever asks.
  package func discard(
    _ selection: EntrySelection, of sender: UInt32?, by caller: UInt32, from cursor: EntryCursor?, atMost limit: Int = rowsPerStep,
    now: Timestamp
  ) throws -> EntryStep {
    try settlingTransaction { database in
      let delete = try database.cachedStatement(sql: "DELETE FROM writes WHERE sequence = ?")
      let note = try database.cachedStatement(sql: "INSERT OR REPLACE INTO discards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      var step = EntryStep()
      for row in try Self.selected(selection, of: sender, from: cursor, atMost: limit, &step, in: database) {
        try delete.execute(arguments: [row["sequence"] as Int64])
        step.note(row)
        guard let key = WriteKey(row: row) else { continue }
        try note.execute(arguments: [row.account.column] + key.columns + [now.milliseconds, caller, row.sender])
      }
      var totals = QueueTotals()
      totals.discarded = step.changed
      try totals.add(in: database)
      return step
    }
  }

  /// Makes due now what one user has dropped and what waits for later.
  package func flush(of sender: UInt32, from cursor: EntryCursor?, atMost limit: Int = rowsPerStep, now: Timestamp) throws -> EntryStep {
    try settlingTransaction { database in
      let hasten = try database.cachedStatement(sql: "UPDATE writes SET due_at_ms = ?1 WHERE sequence = ?2 AND due_at_ms > ?1")
      var step = EntryStep()
      for row in try Self.selected(EntrySelection(all: true), of: sender, from: cursor, atMost: limit, &step, in: database) {
        try hasten.execute(arguments: [now.milliseconds, row["sequence"] as Int64])
        step.changed += database.changesCount
      }
      return step
    }
  }

  /// The rows of one step, none of them twice; says in `step` what is missing, and how to go on.
  private static func selected(
    _ selection: EntrySelection, of sender: UInt32?, from cursor: EntryCursor?, atMost limit: Int, _ step: inout EntryStep,
    in database: Database
  ) throws -> [Row] {
    var rows: [Int64: Row] = [:]
    if cursor == nil {
      for sequence in selection.sequences {
        let row = try Self.row(sequence, in: database).flatMap { $0.isDropped(by: sender) ? $0 : nil }
        if let row { rows[sequence] = row } else { step.missing.append("\(sequence)") }
      }
      for key in selection.keys {
        let found = try Self.rows(spelled: key, in: database).filter { $0.isDropped(by: sender) }
        if found.isEmpty { step.missing.append(key) }
        for row in found { rows[row["sequence"]] = row }
      }
    }
    if selection.isOpen {
      let through = try cursor?.through ?? Int64.fetchOne(database, sql: "SELECT max(sequence) FROM writes") ?? 0
      let condition = selection.all ? "TRUE" : "state = 'failed'"
      let scan = try database.cachedStatement(
        sql: """
          SELECT sequence, account, \(keyColumns), sender_uid FROM writes
          WHERE sequence > ? AND sequence <= ? AND \(condition) ORDER BY sequence LIMIT ?
          """)
      let scanned = try Row.fetchAll(scan, arguments: [cursor?.after ?? 0, through, limit])
      for row in scanned where row.isDropped(by: sender) { rows[row["sequence"]] = row }
      if scanned.count == limit, let last = scanned.last { step.next = EntryCursor(after: last["sequence"], through: through) }
    }
    return rows.sorted { $0.key < $1.key }.map(\.value)
  }

  private static func row(_ sequence: Int64, in database: Database) throws -> Row? {
    let statement = try database.cachedStatement(sql: "SELECT sequence, account, \(keyColumns), sender_uid FROM writes WHERE sequence = ?")
    return try Row.fetchOne(statement, arguments: [sequence])
  }

  private static func rows(spelled key: String, in database: Database) throws -> [Row] {
    let statement = try database.cachedStatement(sql: "SELECT sequence, account, \(keyColumns), sender_uid FROM writes WHERE \(isOfKey)")
    return try WriteKey.spelled(key).flatMap { try Row.fetchAll(statement, arguments: $0.columns) }
  }
}

extension EntryStep {
  fileprivate mutating func note(_ row: Row) {
    changed += 1
    guard let key = WriteKey(row: row) else { return }
    entries.append(EntryReference(sequence: row["sequence"], key: key, sender: row.sender))
  }
}

extension Row {
  /// Whether `sender` has dropped it; everybody has when that is nil.
  fileprivate func isDropped(by sender: UInt32?) -> Bool { sender.map { $0 == self.sender } ?? true }
}
