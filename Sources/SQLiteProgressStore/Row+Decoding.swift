import GRDB
import ProgressModel
import ProgressStore

/// A row that this program did not write: somebody edited the database by hand.
struct DamagedRow: Error, CustomStringConvertible {
  let table: String
  let id: String
  let column: String

  var description: String { "row \(id) of \(table) has a \(column) that is none" }
}

extension ProgressLog {
  init(row: Row) throws {
    let reader = RowReader(row: row, table: "progress_logs")
    self.init(
      id: row["id"],
      session: try reader.session(),
      completed: row["completed"],
      completedAt: row["completed_at"] == nil ? nil : try reader.instant("completed_at"),
      feedback: try reader.object("feedback"),
      createdAt: try reader.instant("created_at"),
      updatedAt: try reader.instant("updated_at"))
  }
}

extension ProgramSummary {
  init(row: Row) throws {
    let reader = RowReader(row: row, table: "programs")
    self.init(
      id: try reader.program("id"),
      title: row["title"],
      totalSessions: row["total_sessions"],
      createdAt: try reader.instant("created_at"),
      updatedAt: try reader.instant("updated_at"))
  }
}

/// Reads what a column's type does not promise. The types themselves hold, because the tables are STRICT.
private struct RowReader {
  let row: Row
  let table: String

  func session() throws -> Session {
    let program = try program("program_id")
    guard let session = Session(program: program, week: row["week_number"], day: row["day_number"]) else {
      throw damage("week_number or day_number")
    }
    return session
  }

  func program(_ column: String) throws -> ProgramID {
    guard let program = ProgramID(row[column]) else { throw damage(column) }
    return program
  }

  func instant(_ column: String) throws -> Timestamp {
    guard let instant = Timestamp(rfc3339: row[column]) else { throw damage(column) }
    return instant
  }

  func object(_ column: String) throws -> [String: JSONValue] {
    let text: String = row[column]
    guard case .object(let members)? = try? JSONValue(parsing: Array(text.utf8), maximumDepth: 128) else { throw damage(column) }
    return members
  }

  private func damage(_ column: String) -> DamagedRow {
    let id: DatabaseValue = row["id"]
    return DamagedRow(table: table, id: id.description, column: column)
  }
}
