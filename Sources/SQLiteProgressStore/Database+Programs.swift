import GRDB
import ProgressModel
import ProgressStore

extension Database {
  /// How many sessions the program's plan has; throws `noProgram` when the user has no such program.
  func totalSessions(in program: ProgramID, of user: UserID) throws -> Int {
    let sql = "SELECT total_sessions FROM programs WHERE user_id = ? AND id = ?"
    guard let total = try Int.fetchOne(self, sql: sql, arguments: [user.text, program.text]) else {
      throw ProgressStoreError.noProgram(program)
    }
    return total
  }

  func save(_ program: Program, of user: UserID, at arrival: Timestamp) throws -> Bool {
    let sql = """
      INSERT INTO programs (user_id, id, title, total_sessions, document, created_at, updated_at)
      VALUES (:user, :id, :title, :total, :document, :arrival, :arrival)
      ON CONFLICT (user_id, id) DO UPDATE SET
        title = excluded.title, total_sessions = excluded.total_sessions, document = excluded.document,
        updated_at = excluded.updated_at
      """
    let isNew = try !hasProgram(program.id, of: user)
    try execute(
      sql: sql,
      arguments: [
        "user": user.text, "id": program.id.text, "title": program.title, "total": program.totalSessions,
        "document": program.document, "arrival": arrival.rfc3339,
      ])
    return isNew
  }

  func program(_ id: ProgramID, of user: UserID) throws -> Program {
    let sql = "SELECT * FROM programs WHERE user_id = ? AND id = ?"
    guard let row = try Row.fetchOne(self, sql: sql, arguments: [user.text, id.text]) else { throw ProgressStoreError.noProgram(id) }
    return Program(id: id, title: row["title"], totalSessions: row["total_sessions"], document: row["document"])
  }

  func programs(of user: UserID) throws -> [ProgramSummary] {
    let sql = "SELECT id, title, total_sessions, created_at, updated_at FROM programs WHERE user_id = ? ORDER BY id"
    return try Row.fetchAll(self, sql: sql, arguments: [user.text]).map(ProgramSummary.init(row:))
  }

  /// The progress goes with it by `ON DELETE CASCADE`.
  func deleteProgram(_ id: ProgramID, of user: UserID) throws {
    try execute(sql: "DELETE FROM programs WHERE user_id = ? AND id = ?", arguments: [user.text, id.text])
    guard changesCount > 0 else { throw ProgressStoreError.noProgram(id) }
  }

  private func hasProgram(_ id: ProgramID, of user: UserID) throws -> Bool {
    try Row.fetchOne(self, sql: "SELECT 1 FROM programs WHERE user_id = ? AND id = ?", arguments: [user.text, id.text]) != nil
  }
}
