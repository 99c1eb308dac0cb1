import GRDB
package import ProgressModel
package import ProgressStore

/// The progress API's storage in one SQLite file, which several processes may have open at once.
///
/// A write is one immediate transaction in WAL mode with `synchronous=FULL`: it is fsynced before the call returns
/// ([SQLite, PRAGMA synchronous](https://www.sqlite.org/pragma.html#pragma_synchronous)), and writers queue up for
/// the file instead of failing half-way. Reads take their turn on the same connection.
package struct SQLiteProgressStore: ProgressStore {
  let database: DatabaseQueue

  /// How long a writer waits for writers of other processes.
  static let busyTimeout: Duration = .seconds(10)

  /// Opens the database, makes it when there is none, and brings its schema up to date.
  ///
  /// - Parameter path: The file; `-wal` and `-shm` beside it belong to it.
  /// - Throws: `SQLiteOpenError`.
  package init(path: String) throws(SQLiteOpenError) {
    do {
      database = try DatabaseQueue(path: path, configuration: Self.configuration)
      guard try database.inDatabase(Self.isDurable) else { throw SQLiteOpenError.notDurable(path) }
      try Self.migrate(database)
    } catch let error as SQLiteOpenError {
      throw error
    } catch {
      throw SQLiteOpenError(path: path, reason: error.clause)
    }
  }

  package func apply(
    _ actions: [Action], of user: UserID, at arrival: Timestamp
  ) async throws(ProgressStoreError) -> [ProgressLog] {
    try await write { db in
      for program in Set(actions.map(\.session.program)) { _ = try db.totalSessions(in: program, of: user) }
      return try actions.map { try db.apply($0, of: user, at: arrival) }
    }
  }

  package func progress(in program: ProgramID, week: Int?, of user: UserID) async throws(ProgressStoreError) -> ProgramProgress {
    try await read { db in
      let totalSessions = try db.totalSessions(in: program, of: user)
      return ProgramProgress(totalSessions: totalSessions, logs: try db.logs(in: program, week: week, of: user))
    }
  }

  package func save(_ program: Program, of user: UserID, at arrival: Timestamp) async throws(ProgressStoreError) -> Bool {
    try await write { try $0.save(program, of: user, at: arrival) }
  }

  package func program(_ id: ProgramID, of user: UserID) async throws(ProgressStoreError) -> Program {
    try await read { try $0.program(id, of: user) }
  }

  package func programs(of user: UserID) async throws(ProgressStoreError) -> [ProgramSummary] {
    try await read { try $0.programs(of: user) }
  }

  package func deleteProgram(_ id: ProgramID, of user: UserID) async throws(ProgressStoreError) {
    try await write { try $0.deleteProgram(id, of: user) }
  }

  package func check() async throws(ProgressStoreError) {
    _ = try await read { try Row.fetchOne($0, sql: "SELECT 1 FROM programs LIMIT 1") == nil }
  }

  private func write<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(ProgressStoreError) -> Value {
    do { return try await database.write(body) } catch { throw ProgressStoreError(error) }
  }

  private func read<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(ProgressStoreError) -> Value {
    do { return try await database.read(body) } catch { throw ProgressStoreError(error) }
  }
}

extension ProgressStoreError {
  fileprivate init(_ error: any Error) {
    self = error as? ProgressStoreError ?? .unavailable(reason: error.clause)
  }
}

extension Error {
  /// One clause for a log: without the statement and its arguments, which hold what a person wrote.
  var clause: String {
    if self is CancellationError { return "the call was cancelled" }
    guard let error = self as? DatabaseError else { return "\(self)" }
    let clause = "SQLite: \(error.message ?? "error") (\(error.extendedResultCode.rawValue))"
    return error.resultCode == .SQLITE_CANTOPEN ? clause + "; does its directory exist, and may this user write there?" : clause
  }
}
