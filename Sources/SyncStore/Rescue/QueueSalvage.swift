import GRDB
import ProgressModel
import SyncPolicy

/// Copies every readable row of a damaged queue into a fresh one.
///
/// Rows are told apart by their shape, so that neither the schema nor any root page has to be readable: no two tables or indexes of the
/// queue store the same kinds of values in the same order, but for those that are told apart by a value. A row that breaks a rule of the
/// schema, or that this program cannot read back, stays behind.
struct QueueSalvage {
  private(set) var savedWrites = 0
  /// The damaged queue's own count; nil when it is unreadable.
  private(set) var writesBefore: Int?

  private let columns: [String]
  private let migrations: Set<String>
  private var lastSequence: Int64?

  /// No sequence that was ever given is near it; a damaged one that is would leave none for new writes.
  private static let highestSequence: Int64 = 1 << 60
  /// As many as the first version's table had; later ones only add to their end.
  private static let fewestColumns = 19
  private static let recordsPerCommit = 5_000

  /// Throws `SyncStoreError`, `.full` when there is no space for the fresh queue.
  init(from damaged: String, into path: String, observer: @escaping OpeningObserver = { _ in }) throws {
    let image = try PageImage(path: damaged)
    do {
      let fresh = try SyncStore.openDurably(path)
      (columns, migrations) = try fresh.read { database in
        (try database.columns(in: "writes").map(\.name), try Set(String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations")))
      }
      try fresh.observed(at: .rescuing, by: observer) {
        try copy(image, into: fresh)
        try fresh.write { try finish(in: $0) }
      }
      try fresh.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      try fresh.close()
    } catch {
      throw SyncStoreError(error, path: path)
    }
  }

  private mutating func copy(_ image: PageImage, into fresh: DatabaseQueue) throws {
    var batch: [StoredRecord] = []
    for number in image.numbers {
      batch += image.records(on: number)
      guard batch.count >= Self.recordsPerCommit || number == image.pageCount else { continue }
      try fresh.write { try insert(batch, in: $0) }
      batch = []
    }
  }

  private mutating func insert(_ records: [StoredRecord], in database: Database) throws {
    for record in records {
      do {
        try insert(record, in: database)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        // The schema says that this is no row of ours.
      }
    }
  }

  private mutating func insert(_ record: StoredRecord, in database: Database) throws {
    let kinds = record.values.map(\.storage.kind)
    switch (record.row, kinds) {
    case (let row?, _) where kinds.count >= Self.fewestColumns && kinds.count <= columns.count && kinds[0] == .null:
      try insertWrite(row, Array(record.values.dropFirst()), in: database)
    case (_?, [.text, .integer]) where record.values[0] == "writes".databaseValue:
      lastSequence = Int64.fromDatabaseValue(record.values[1])
    case (1?, [.null, .integer]):
      try database.execute(sql: "UPDATE last_sync SET at_ms = ?", arguments: [record.values[1]])
    case (1?, [.null, .integer, .integer, .text]):
      let arguments = StatementArguments(record.values.dropFirst())
      try database.execute(sql: "UPDATE pause SET until_ms = ?, length_ms = ?, reason = ?", arguments: arguments)
    case (1?, [.null, .integer, .null, .null, .integer]), (1?, [.null, .integer, .integer, .integer, .integer]):
      try database.execute(
        sql: "INSERT OR REPLACE INTO suspension VALUES (1, ?, ?, ?, ?)", arguments: StatementArguments(record.values.dropFirst()))
    case (1?, _) where kinds.count == QueueTotals.columns.count + 1 && kinds[0] == .null:
      // What is to be added to them must not overflow either.
      guard record.values.dropFirst().allSatisfy({ Self.isPlausible(Int64.fromDatabaseValue($0)) }) else { return }
      try database.execute(
        sql: "UPDATE totals SET " + QueueTotals.columns.map { "\($0.name) = ?" }.joined(separator: ", "),
        arguments: StatementArguments(record.values.dropFirst()))
    case (nil, [.integer, .text, .integer, .integer, .text, .text, .integer, .integer, .integer]):
      try insertDiscard(record.values, in: database)
    // Of a version that knew no accounts.
    case (nil, [.text, .integer, .integer, .text, .text, .integer, .integer, .integer]):
      try insertDiscard([Account.common.column.databaseValue] + record.values, in: database)
    case (nil, [.text, .integer]):
      try insertClaimOrTally(record.values, in: database)
    case (nil, [.integer, .text, .integer]):
      try database.execute(sql: "INSERT OR IGNORE INTO client_actions VALUES (?, ?, ?)", arguments: StatementArguments(record.values))
    default: break
    }
  }

  private func insertDiscard(_ values: [DatabaseValue], in database: Database) throws {
    try database.execute(
      sql: "INSERT OR IGNORE INTO discards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", arguments: StatementArguments(values))
  }

  private mutating func insertClaimOrTally(_ values: [DatabaseValue], in database: Database) throws {
    guard let text = String.fromDatabaseValue(values[0]), let number = Int.fromDatabaseValue(values[1]) else { return }
    if ["waiting", "retrying", "parked", "failed"].contains(text) {
      guard Self.isPlausible(Int64(number)) else { return }
      writesBefore = (writesBefore ?? 0) + number
    } else if !migrations.contains(text) {
      try database.execute(sql: "INSERT OR IGNORE INTO receipts VALUES (?, ?)", arguments: [text, number])
    }
  }

  /// Whether so many writes can ever have been.
  private static func isPlausible(_ number: Int64?) -> Bool { number.map { (0...highestSequence).contains($0) } ?? false }

  private func insertWrite(_ sequence: Int64, _ values: [DatabaseValue], in database: Database) throws {
    guard (1...Self.highestSequence).contains(sequence) else { return }
    let names = columns.prefix(values.count + 1).joined(separator: ", ")
    let places = values.map { _ in ", ?" }.joined()
    let insert = try database.cachedStatement(sql: "INSERT INTO writes (\(names)) VALUES (?\(places))")
    let arguments = StatementArguments([sequence.databaseValue] + values)
    do {
      try insert.execute(arguments: arguments)
    } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
      // Both of one key: the newer one is what was dropped last.
      let remove = try database.cachedStatement(
        sql: """
          DELETE FROM writes WHERE \(SyncStore.isOfKeyOfAccount) AND sequence < ?
          """)
      let account = values.count + 1 == columns.count ? values.last ?? .null : Account.common.column.databaseValue
      try remove.execute(arguments: StatementArguments([account] + Array(values[1...5]) + [sequence.databaseValue]))
      try insert.execute(arguments: arguments)
    }
  }

  private mutating func finish(in database: Database) throws {
    var unreadable: [Int64] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM writes")
    while let row = try rows.next() {
      do { _ = try Write(row: row) } catch { unreadable.append(row["sequence"]) }
    }
    for sequence in unreadable { try database.execute(sql: "DELETE FROM writes WHERE sequence = ?", arguments: [sequence]) }
    savedWrites = try Int.fetchOne(database, sql: "SELECT count(*) FROM writes") ?? 0
    // Page by page, they need not be of one moment; and an older version has counted nothing.
    let known = "superseded + delivered + discarded + (SELECT count(*) FROM writes)"
    try database.execute(sql: "UPDATE totals SET accepted = max(accepted, \(known)); UPDATE totals SET lost = accepted - (\(known))")
    let highest = try Int64.fetchOne(database, sql: "SELECT max(seq) FROM sqlite_sequence WHERE name = 'writes'") ?? 0
    let last = lastSequence.flatMap { (0...Self.highestSequence).contains($0) ? $0 : nil }
    // Where the highest sequence is unreadable, a leap that no number of writes makes up for.
    let next = max(highest, last ?? highest + 1 << 32)
    try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'writes'")
    try database.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('writes', ?)", arguments: [next])
  }
}

extension DatabaseValue.Storage {
  fileprivate enum Kind {
    case null
    case integer
    case text
    case other
  }

  fileprivate var kind: Kind {
    switch self {
    case .null: .null
    case .int64: .integer
    case .string: .text
    case .double, .blob: .other
    }
  }
}
