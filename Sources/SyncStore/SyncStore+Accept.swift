import CrashPoints
import GRDB
package import ProgressModel
package import SyncPolicy

/// A claimed file that was read and found good: what a batch of acceptance is made of.
package struct AcceptableFile: Sendable {
  /// The name of the claim, unique for ever; the ids of the writes are made from it.
  package let claim: String
  /// The user id of whoever dropped the file.
  package let sender: UInt32
  /// Whose token its writes go out with: the common one's or the sender's.
  package let account: Account
  package let droppedAt: Timestamp
  package let actions: [Action]

  package init(claim: String, sender: UInt32, account: Account = .common, droppedAt: Timestamp, actions: [Action]) {
    (self.claim, self.sender, self.account, self.droppedAt, self.actions) = (claim, sender, account, droppedAt, actions)
  }
}

/// What an accepted file came to.
package struct Acceptance: Hashable, Sendable {
  package let claim: String
  /// What the file put into the queue, in its order; a later one of the same key has taken the place of an earlier one.
  package var entries: [EntryReference] = []
  /// Entries whose place a newer write of their key took, whoever dropped them; what was being sent then may arrive all the same.
  package var superseded: [EntryReference] = []
  /// Keys whose queued write was recorded later than the file's, and stays.
  package var outdated: [WriteKey] = []
  /// Actions that had been accepted before under the same id; nothing was changed for them.
  package var repeated: [ActionID] = []

  package init(claim: String) {
    self.claim = claim
  }
}

extension SyncStore {
  /// Accepts files in their order, all in one transaction; a file that has its receipt already changes nothing.
  ///
  /// When it returns, the actions survive a power cut, and the files may be unlinked.
  ///
  /// - Parameters:
  ///   - inFlight: The sequences of the writes that are being sent: what replaces one of them begins a debounce of its own.
  ///   - forgetting: Claims whose removal from the spool is durable; their receipts are no longer needed.
  package func accept(
    _ files: [AcceptableFile], now: Timestamp, debounce: DebouncePolicy, inFlight: Set<Int64>, forgetting: [String]
  ) throws -> [Acceptance] {
    try transaction { database in
      let forget = try database.cachedStatement(sql: "DELETE FROM receipts WHERE claim = ?")
      for claim in forgetting { try forget.execute(arguments: [claim]) }
      let enqueuing = Enqueuing(now: now, debounce: debounce, inFlight: inFlight, hasDiscards: try Self.hasDiscards(in: database))
      var totals = QueueTotals()
      let acceptances = try files.map { file in
        let acceptance = try Self.accept(file, enqueuing, in: database)
        totals.accepted += acceptance.entries.count + acceptance.outdated.count
        totals.superseded += acceptance.superseded.count + acceptance.outdated.count
        CrashPoint.accepting.reach()
        return acceptance
      }
      try totals.add(in: database)
      for sender in Set(files.filter { $0.actions.contains { $0.id != nil } }.map(\.sender)) {
        try forgetOldestIDs(of: sender, in: database)
      }
      return acceptances
    }
  }

  /// Which of `claims` have been accepted: after a crash, those are only unlinked.
  package func accepted(among claims: [String]) throws -> Set<String> {
    try reading { database in
      let statement = try database.cachedStatement(sql: "SELECT claim FROM receipts WHERE claim = ?")
      return Set(try claims.compactMap { try String.fetchOne(statement, arguments: [$0]) })
    }
  }

  /// Whether an action with this id of the client has been accepted.
  package func isAccepted(_ id: ActionID, sender: UInt32) throws -> Bool {
    try reading { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM client_actions WHERE sender_uid = ? AND id = ?)", arguments: [sender, id.text])
        ?? false
    }
  }
}

/// What holds for all writes of a batch.
private struct Enqueuing {
  let now: Timestamp
  let debounce: DebouncePolicy
  let inFlight: Set<Int64>
  let hasDiscards: Bool
}

private struct NewRow {
  let id: String
  let sender: UInt32
  let account: Account
  let droppedAt: Timestamp
  var write: Write
  /// Whether the client said itself when it was done.
  let isExplicit: Bool
}

extension SyncStore {
  private static func accept(_ file: AcceptableFile, _ enqueuing: Enqueuing, in database: Database) throws -> Acceptance {
    var acceptance = Acceptance(claim: file.claim)
    guard try insertReceipt(file.claim, now: enqueuing.now, in: database) else { return acceptance }
    let droppedAt = min(file.droppedAt, enqueuing.now)
    var number = 0
    for action in file.actions {
      if let id = action.id, try !insertClientAction(id, of: file.sender, now: enqueuing.now, in: database) {
        acceptance.repeated.append(id)
        continue
      }
      for write in action.writes(droppedAt: droppedAt) {
        number += 1
        let row = NewRow(
          id: "\(file.claim)-\(number)", sender: file.sender, account: file.account, droppedAt: droppedAt, write: write,
          isExplicit: action.recordedAt != nil)
        try enqueue(row, enqueuing, &acceptance, in: database)
      }
    }
    return acceptance
  }

  private static func hasDiscards(in database: Database) throws -> Bool {
    try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM discards)")) ?? false
  }

  private static func insertReceipt(_ claim: String, now: Timestamp, in database: Database) throws -> Bool {
    let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO receipts (claim, accepted_at_ms) VALUES (?, ?)")
    try statement.execute(arguments: [claim, now.milliseconds])
    return database.changesCount > 0
  }

  private static func insertClientAction(_ id: ActionID, of sender: UInt32, now: Timestamp, in database: Database) throws -> Bool {
    let statement = try database.cachedStatement(
      sql: "INSERT OR IGNORE INTO client_actions (sender_uid, id, accepted_at_ms) VALUES (?, ?, ?)")
    try statement.execute(arguments: [sender, id.text, now.milliseconds])
    return database.changesCount > 0
  }

  /// How many ids of actions are remembered of one sender: no flood of them makes the queue grow without an end.
  static let idsPerSender = 100_000

  private func forgetOldestIDs(of sender: UInt32, in database: Database) throws {
    let count = try database.cachedStatement(sql: "SELECT number FROM client_action_tallies WHERE sender_uid = ?")
    let surplus = (try Int.fetchOne(count, arguments: [sender]) ?? 0) - Self.idsPerSender
    guard surplus > 0 else { return }
    let forget = try database.cachedStatement(
      sql: """
        DELETE FROM client_actions WHERE sender_uid = ?1
          AND id IN (SELECT id FROM client_actions WHERE sender_uid = ?1 ORDER BY accepted_at_ms LIMIT ?2)
        """)
    try forget.execute(arguments: [sender, surplus])
  }

  /// Puts a write in the place of the one that its key may have, unless that one was recorded later, and stays.
  private static func enqueue(_ new: NewRow, _ enqueuing: Enqueuing, _ acceptance: inout Acceptance, in database: Database) throws {
    let now = enqueuing.now
    var write = new.write
    var waitingSince = now
    let predecessors = try QueuedPredecessor.all(of: new, in: database)
    guard !predecessors.contains(where: { $0.hasOvertaken(new, now: now) }) else {
      acceptance.outdated.append(write.key)
      return
    }
    for old in predecessors where old.recordedAt > write.recordedAt {
      // What is recorded in the future was so by a clock that was set back since, and what failed will not be delivered.
      if new.isExplicit, old.recordedAt <= now, !old.hasFailed {
        acceptance.outdated.append(write.key)
        return
      }
      // The clock was set back between two drops, and the later drop must still win.
      if !new.isExplicit { write.recordedAt = old.recordedAt + .milliseconds(1) }
    }
    for old in predecessors {
      if old.isUntried, !enqueuing.inFlight.contains(old.sequence) { waitingSince = min(waitingSince, old.waitingSince) }
      try database.cachedStatement(sql: "DELETE FROM writes WHERE sequence = ?").execute(arguments: [old.sequence])
      acceptance.superseded.append(EntryReference(sequence: old.sequence, key: write.key, sender: old.sender))
    }
    let dueAt = enqueuing.debounce.dueAt(for: write.key.field, now: now, waitingSince: waitingSince)
    let (field, exercise) = write.key.field.columns
    let insert = try database.cachedStatement(
      sql: """
        INSERT INTO writes (id, program_id, week_number, day_number, field, exercise_id, value, recorded_at_ms, accepted_at_ms,
          waiting_since_ms, due_at_ms, sender_uid, dropped_at_ms, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try insert.execute(arguments: [
      new.id, write.session.program.text, write.session.week, write.session.day, field, exercise, write.value.stored,
      write.recordedAt.milliseconds, now.milliseconds, waitingSince.milliseconds, dueAt.milliseconds, new.sender,
      new.droppedAt.milliseconds, new.account.column,
    ])
    acceptance.entries.append(EntryReference(sequence: database.lastInsertedRowID, key: write.key, sender: new.sender))
    if enqueuing.hasDiscards { try forgetDiscards(of: new, in: database) }
  }

  /// What becomes of the key now is what becomes of the newer write.
  private static func forgetDiscards(of new: NewRow, in database: Database) throws {
    let forget = try database.cachedStatement(sql: "DELETE FROM discards WHERE \(isOfKeyOfAccount)")
    try forget.execute(arguments: [new.account.column] + new.write.key.columns)
    guard new.account != .common else { return }
    let forgetOwn = try database.cachedStatement(sql: "DELETE FROM discards WHERE \(isOfKeyOfAccount) AND sender_uid = ?")
    try forgetOwn.execute(arguments: [Account.common.column] + new.write.key.columns + [new.sender])
  }
}

/// A row that a new write of its key replaces.
private struct QueuedPredecessor {
  let sequence: Int64
  let recordedAt: Timestamp
  let waitingSince: Timestamp
  let isUntried: Bool
  let hasFailed: Bool
  let sender: UInt32
  let droppedAt: Timestamp?

  /// Whether it was dropped later than what is accepted after it: files of one sender are accepted in the order of their drops, but senders take
  /// turns. What was dropped in the future was so by a clock that was set back since.
  func hasOvertaken(_ new: NewRow, now: Timestamp) -> Bool {
    guard let droppedAt, sender != new.sender, !new.isExplicit, !hasFailed else { return false }
    return droppedAt > new.droppedAt && droppedAt <= now
  }

  /// That of its account; and of a user who has an account of his own, also what he dropped when he had none: moved later, it would go back
  /// behind the newer one.
  static func all(of new: NewRow, in database: Database) throws -> [QueuedPredecessor] {
    let statement = try database.cachedStatement(
      sql:
        "SELECT sequence, recorded_at_ms, waiting_since_ms, state, sender_uid, dropped_at_ms FROM writes WHERE \(SyncStore.isOfKeyOfAccount)"
    )
    func find(in account: Account) throws -> QueuedPredecessor? {
      try Row.fetchOne(statement, arguments: [account.column] + new.write.key.columns).map { QueuedPredecessor(row: $0) }
    }
    let own = try find(in: new.account)
    guard new.account != .common, let common = try find(in: .common), common.sender == new.sender else { return own.map { [$0] } ?? [] }
    return [own, common].compactMap { $0 }
  }

  private init(row: Row) {
    sequence = row["sequence"]
    recordedAt = Timestamp(milliseconds: row["recorded_at_ms"])
    waitingSince = Timestamp(milliseconds: row["waiting_since_ms"])
    isUntried = row["state"] == WriteState.waiting.rawValue
    hasFailed = row["state"] == WriteState.failed.rawValue
    sender = row.sender
    droppedAt = (row["dropped_at_ms"] as Int64?).map { Timestamp(milliseconds: $0) }
  }
}
