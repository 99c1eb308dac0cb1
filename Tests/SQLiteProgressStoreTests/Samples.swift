import ProgressModel
import ProgressStore
import Testing

let user = UserID("somebody")

func instant(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

func programID(_ text: String = "p1") throws -> ProgramID { try #require(ProgramID(text)) }

func session(_ week: Int = 1, _ day: Int = 1, in program: String = "p1") throws -> Session {
  try #require(Session(program: programID(program), week: week, day: day))
}

func exercise(_ json: String) throws -> Action.Change {
  guard case .object(let fields) = try JSONValue(parsing: Array(json.utf8)) else { throw NoObject() }
  return .logExercise(try #require(ExerciseLog(fields: fields)))
}

struct NoObject: Error {}

func scheduled(_ text: String) throws -> Action.Change { .schedule(try #require(ScheduledDate(text))) }

let done = Action.Change.complete(at: nil, rating: nil, scheduled: nil)

extension ProgressStore {
  func saveProgram(_ id: String = "p1", sessions: Int = 3, of owner: UserID = user) async throws {
    let program = Program(id: try programID(id), title: "Base", totalSessions: sessions, document: #"{"title":"Base"}"#)
    _ = try await save(program, of: owner, at: instant("2026-01-01T00:00:00Z"))
  }

  func apply(_ change: Action.Change, to session: Session, at arrival: String = "2026-01-28T15:30:00Z") async throws -> ProgressLog {
    let logs = try await apply([Action(session: session, change: change)], of: user, at: instant(arrival))
    return try #require(logs.first)
  }

  func logs(in program: String = "p1", week: Int? = nil, of owner: UserID = user) async throws -> [ProgressLog] {
    try await progress(in: programID(program), week: week, of: owner).logs
  }
}

extension ProgressLog {
  /// The log in one line, without what the engine makes up.
  var summary: String {
    "\(session.week)-\(session.day) \(completed ? "done" : "open") \(completedAt?.rfc3339 ?? "-") \(JSONValue.object(feedback).serialized)"
  }
}
