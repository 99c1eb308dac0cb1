import GRDB
import ProgressModel
package import SyncPolicy

extension SyncStore {
  /// Keeps a person's wish that nothing is sent, in place of an earlier one; it outlives the daemon.
  package func suspend(_ suspension: Suspension) throws {
    try settlingTransaction { database in
      let keep = try database.cachedStatement(sql: "INSERT OR REPLACE INTO suspension VALUES (1, ?, ?, ?, ?)")
      try keep.execute(arguments: [
        suspension.since.milliseconds, suspension.until?.milliseconds, suspension.length?.inMilliseconds, suspension.by,
      ])
    }
  }

  package func resume() throws {
    try settlingTransaction { try $0.cachedStatement(sql: "DELETE FROM suspension").execute() }
  }

  /// The wish in force, as it was kept; nil when there is none.
  package func suspension() throws -> Suspension? {
    try reading { database in
      guard let row = try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM suspension")) else { return nil }
      return Suspension(
        since: Timestamp(milliseconds: row["since_ms"]), until: (row["until_ms"] as Int64?).map { Timestamp(milliseconds: $0) },
        length: (row["length_ms"] as Int64?).map { .milliseconds($0) }, by: UInt32(truncatingIfNeeded: row["by_uid"] as Int64))
    }
  }
}
