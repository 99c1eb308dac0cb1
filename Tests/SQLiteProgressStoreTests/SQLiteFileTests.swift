import FoundationEssentials
import GRDB
import ProgressModel
import ProgressStore
@testable import SQLiteProgressStore
import TestSupport
import Testing

@Suite("The SQLite file") struct SQLiteFileTests {
  @Test("Every connection writes ahead and waits for the disk")
  func durability() async throws {
    try await withTemporaryDirectory { directory in
      let store = try SQLiteProgressStore(path: directory + "/a.sqlite")
      let pragmas = try await store.database.read { db in
        try ["journal_mode", "synchronous", "foreign_keys"].map { try String.fetchOne(db, sql: "PRAGMA \($0)") }
      }
      #expect(pragmas == ["wal", "2", "1"])
    }
  }

  @Test("A second opening finds what the first wrote, and several at once agree on the schema")
  func reopening() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory + "/a.sqlite"
      let stores = try await withThrowingTaskGroup(of: SQLiteProgressStore.self) { group in
        for _ in 0..<8 { group.addTask { try SQLiteProgressStore(path: path) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      try await stores[0].saveProgram()
      let log = try await stores[1].apply(.rate(.easy), to: session())
      #expect(try await SQLiteProgressStore(path: path).logs() == [log])
    }
  }

  @Test("A row reads like what happened, and the schema keeps a second one out")
  func readableRows() async throws {
    try await withTemporaryDirectory { directory in
      let store = try SQLiteProgressStore(path: directory + "/a.sqlite")
      try await store.saveProgram()
      _ = try await store.apply(.complete(at: try instant("2026-01-28T08:00:00+01:00"), rating: .easy, scheduled: nil), to: session())
      let sql = "SELECT * FROM progress_logs WHERE program_id = 'p1' ORDER BY week_number, day_number"
      let fetched = try store.database.read { try Row.fetchOne($0, sql: sql) }
      let row = try #require(fetched)
      let expected: [String: DatabaseValue] = [
        "id": 1.databaseValue, "user_id": "somebody".databaseValue, "program_id": "p1".databaseValue,
        "week_number": 1.databaseValue, "day_number": 1.databaseValue, "completed": 1.databaseValue,
        "completed_at": "2026-01-28T07:00:00Z".databaseValue, "feedback": #"{"intensityRating":"easy"}"#.databaseValue,
        "created_at": "2026-01-28T15:30:00Z".databaseValue, "updated_at": "2026-01-28T15:30:00Z".databaseValue,
      ]
      #expect(Dictionary(row, uniquingKeysWith: { first, _ in first }) == expected)
      let copy = """
        INSERT INTO progress_logs SELECT 99, user_id, program_id, week_number, day_number, completed, completed_at, feedback,
        created_at, updated_at FROM progress_logs
        """
      await #expect(throws: DatabaseError.self) { try await store.database.write { try $0.execute(sql: copy) } }
      let integrity = try await store.database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
      #expect(integrity == "ok")
    }
  }

  @Test(
    "A file that cannot be used is refused in one clear line",
    arguments: [
      ("missing/a.sqlite", "SQLite: unable to open database file (14); does its directory exist, and may this user write there?"),
      ("junk", "SQLite: file is not a database (26)"),
    ])
  func unusable(name: String, reason: String) async throws {
    try await withTemporaryDirectory { directory in
      try Data(repeating: 0x61, count: 5_000).write(to: URL(filePath: directory + "/junk"))
      let path = directory + "/" + name
      let error = #expect(throws: SQLiteOpenError.self) { try SQLiteProgressStore(path: path) }
      #expect(error?.description == "cannot use the database \(path): \(reason)")
    }
  }

  @Test("A database that would forget is refused")
  func memory() throws {
    let error = #expect(throws: SQLiteOpenError.self) { try SQLiteProgressStore(path: ":memory:") }
    #expect(error?.reason == "it does not do journal_mode=wal with synchronous=FULL; use a file on a local disk")
  }

  @Test("A row that somebody spoiled by hand is named, not served")
  func damage() async throws {
    try await withTemporaryDirectory { directory in
      let store = try SQLiteProgressStore(path: directory + "/a.sqlite")
      try await store.saveProgram()
      _ = try await store.apply(done, to: session())
      try await store.database.write { try $0.execute(sql: "UPDATE progress_logs SET created_at = 'yesterday'") }
      let reason = "row 1 of progress_logs has a created_at that is none"
      await #expect(throws: ProgressStoreError.unavailable(reason: reason)) { try await store.logs() }
    }
  }
}
