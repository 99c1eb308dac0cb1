import GRDB
import Glibc

/// Finds out, before a queue is opened for work, whether it is damaged. It changes nothing: what is damaged is kept as it is.
struct QueueExamination {
  let path: String

  /// Up to this size every page and every index entry is read at each start, which takes a quarter of a second; of a larger file only
  /// what leads to the rows, as the start must not wait for a million of them. Work finds the rest.
  private static let largestReadWhole = 16 << 20

  /// Throws `SyncStoreError.damaged`. What keeps the file from being read at all is for the opening to say.
  func run() throws {
    let size = size(of: path) ?? 0
    if size == 0 {
      // SQLite would throw the log away.
      guard (self.size(of: path + "-wal") ?? 0) <= 32 else { throw damaged("it is missing or empty beside its log") }
      return
    }
    let image = try PageImage(path: path)
    if image.hasDamagedLog { throw damaged("its log has damaged frames") }
    // SQLite would open a file of a format to come, but not write to it.
    guard let header = image.page(1), header[18] <= 2 else { throw damaged("its header is damaged") }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      let database = try DatabaseQueue(path: path, configuration: configuration)
      try database.read { database in
        try requireKnownTables(in: database)
        if size <= Self.largestReadWhole { try requireSoundPages(in: database) }
      }
    } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(error.resultCode) {
      throw damaged(error.message ?? "\(error.resultCode)")
    } catch is DatabaseError {
    }
  }

  /// A schema that is not what its migrations made would fail with errors that do not speak of damage.
  private func requireKnownTables(in database: Database) throws {
    let definitions = try Schema.definitions(in: database)
    guard !definitions.isEmpty, try !Schema.migrator.hasBeenSuperseded(database) else { return }
    let last = try Schema.migrator.completedMigrations(database).last
    // Before the first migration is committed, there is the table of migrations only.
    let expected = try last.map { try Schema.definitions(upTo: $0) } ?? definitions.filter { $0.hasPrefix("grdb_migrations: ") }
    guard definitions == expected else { throw damaged("its tables are not those that progress-syncd makes") }
  }

  private func requireSoundPages(in database: Database) throws {
    let words = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)")
    guard words == ["ok"] else { throw damaged(words.joined(separator: "; ")) }
  }

  private func damaged(_ words: String) -> SyncStoreError { .damaged("\(path): \(words)") }

  private func size(of path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }
}

extension Schema {
  /// Name and text of every table, index and trigger.
  fileprivate static func definitions(in database: Database) throws -> [String] {
    try String.fetchAll(database, sql: "SELECT name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
  }

  fileprivate static func definitions(upTo migration: String) throws -> [String] {
    let model = try DatabaseQueue()
    try migrator.migrate(model, upTo: migration)
    return try model.read { try definitions(in: $0) }
  }
}
