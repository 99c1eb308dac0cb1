import ProgressModel
import ProgressStore

extension ProgressLog {
  var json: JSONValue {
    .object([
      "id": .integer(id),
      "program_id": .string(session.program.text),
      "week_number": .integer(session.week),
      "day_number": .integer(session.day),
      "completed": .bool(completed),
      "completed_at": completedAt.map { .string($0.rfc3339) } ?? .null,
      "feedback": .object(feedback),
      "created_at": .string(createdAt.rfc3339),
    ])
  }
}

extension ProgramProgress {
  /// The answer about the whole program. Sessions outside the plan count as completed too, so the rate can exceed 1.
  func json(of program: ProgramID) -> JSONValue {
    let completed = logs.count(where: \.completed)
    let rate = totalSessions == 0 ? 0 : Double(completed) / Double(totalSessions)
    return .object([
      "program_id": .string(program.text),
      "total_sessions": .integer(totalSessions),
      "completed_sessions": .integer(completed),
      "completion_rate": .number(literal: "\(rate)"),
      "logs": .array(logs.map(\.json)),
    ])
  }

  /// The answer about one week, whose logs these are.
  func json(of program: ProgramID, week: Int) -> JSONValue {
    .object([
      "program_id": .string(program.text),
      "week_number": .integer(week),
      "sessions": .array(logs.map(\.json)),
    ])
  }
}

extension ProgramSummary {
  var json: JSONValue {
    .object([
      "id": .string(id.text),
      "title": .string(title),
      "total_sessions": .integer(totalSessions),
      "created_at": .string(createdAt.rfc3339),
      "updated_at": .string(updatedAt.rfc3339),
    ])
  }
}

extension Action {
  /// The answer to an action that was applied.
  func answer(_ log: ProgressLog) -> JSONValue {
    .object(["success": .bool(true), "message": .string(message)].merging(echo(log)) { own, _ in own })
  }

  private func echo(_ log: ProgressLog) -> [String: JSONValue] {
    switch change {
    case .complete, .uncomplete, .logExercise: ["progress_log": log.json]
    case .rate(let rating): ["intensity_rating": .string(rating.rawValue)]
    case .schedule(let date):
      ["session_id": .string("\(session.week)-\(session.day)"), "scheduled_date": .string(date.description)]
    }
  }

  private var message: String {
    let session = "Week \(session.week) day \(session.day)"
    return switch change {
    case .complete: "\(session) is completed"
    case .uncomplete: "\(session) is not completed"
    case .rate(let rating): "\(session) is rated \(rating.rawValue)"
    case .schedule(let date): "\(session) is scheduled for \(date)"
    case .logExercise(let log): "\(session) has the log of \(log.id)"
    }
  }
}
