import GRDB

/// Why a database cannot be used. Nothing in the file was changed, unless its schema was being brought up to date.
package struct SQLiteOpenError: Error, CustomStringConvertible {
  package let path: String
  package let reason: String

  package var description: String { "cannot use the database \(path): \(reason)" }

  static func notDurable(_ path: String) -> Self {
    Self(path: path, reason: "it does not do journal_mode=wal with synchronous=FULL; use a file on a local disk")
  }
}

extension SQLiteProgressStore {
  static var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "progress"
    configuration.busyMode = .timeout(Double(busyTimeout.components.seconds))
    // Not through the library's own WAL setting: that one lowers `synchronous` to NORMAL, which loses commits at a power cut.
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "PRAGMA synchronous = FULL")
    }
    return configuration
  }

  /// Whether an answered write survives a power cut; not so in memory, or on a file system without shared memory.
  static func isDurable(_ db: Database) throws -> Bool {
    let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
    let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
    return journal == "wal" && synchronous == 2
  }

  /// Brings the schema up to date.
  ///
  /// Two processes may open a new file at once; the slower one then fails on a step that is done under its hands, and looks again.
  static func migrate(_ database: DatabaseQueue) throws {
    let migrator = self.migrator
    for _ in migrator.migrations {
      do { return try migrator.migrate(database) } catch is DatabaseError { continue }
    }
    try migrator.migrate(database)
  }
}
