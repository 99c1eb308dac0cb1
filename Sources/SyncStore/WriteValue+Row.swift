import GRDB
import ProgressModel

extension Field {
  /// The columns `field` and `exercise_id`.
  var columns: (field: String, exercise: String) {
    switch self {
    case .completion: ("completion", "")
    case .intensity: ("intensity", "")
    case .schedule: ("schedule", "")
    case .exercise(let id): ("exercise", id)
    }
  }

  fileprivate init?(column: String, exercise: String) {
    switch column {
    case "completion": self = .completion
    case "intensity": self = .intensity
    case "schedule": self = .schedule
    case "exercise": self = .exercise(id: exercise)
    default: return nil
    }
  }
}

extension WriteKey {
  /// The columns `program_id`, `week_number`, `day_number`, `field` and `exercise_id`, as `writes_by_key` has them.
  var columns: StatementArguments {
    let (field, exercise) = field.columns
    return [session.program.text, session.week, session.day, field, exercise]
  }

  /// nil when the columns hold no key.
  init?(row: Row) {
    let (week, day): (Int, Int) = (row["week_number"], row["day_number"])
    guard let program = ProgramID(row["program_id"]), let session = Session(program: program, week: week, day: day),
      let field = Field(column: row["field"], exercise: row["exercise_id"])
    else { return nil }
    self.init(session: session, field: field)
  }
}

extension WriteValue {
  /// The column `value`: JSON with the API's names, so that a person who looks into the database can read it.
  var stored: String {
    let members: [String: JSONValue] =
      switch self {
      case .done(let instant): ["completed_at": .string(instant.rfc3339)]
      case .undone: ["completed_at": .null]
      case .rating(let rating): ["intensity_rating": .string(rating.rawValue)]
      case .scheduled(let date): ["scheduled_date": .string(date.description)]
      case .exercise(let log): ["exercise": .object(log.fields)]
      }
    return JSONValue.object(members).serialized
  }

  /// Reads the column back; nil when it holds nothing that `stored` writes.
  init?(stored text: String) {
    guard let value = try? JSONValue(parsing: Array(text.utf8)), case .object(let members) = value, let member = members.first else {
      return nil
    }
    switch (member.key, member.value) {
    case ("completed_at", .null): self = .undone
    case ("completed_at", .string(let text)):
      guard let instant = Timestamp(rfc3339: text) else { return nil }
      self = .done(at: instant)
    case ("intensity_rating", .string(let text)):
      guard let rating = IntensityRating(rawValue: text) else { return nil }
      self = .rating(rating)
    case ("scheduled_date", .string(let text)):
      guard let date = ScheduledDate(text) else { return nil }
      self = .scheduled(date)
    case ("exercise", .object(let fields)):
      guard let log = ExerciseLog(fields: fields) else { return nil }
      self = .exercise(log)
    default: return nil
    }
  }
}

extension Session {
  /// The session of a row of `writes`; throws `SyncStoreError.unreadable` when it is none.
  init(row: Row) throws {
    let (week, day): (Int, Int) = (row["week_number"], row["day_number"])
    guard let program = ProgramID(row["program_id"]), let session = Session(program: program, week: week, day: day) else {
      throw SyncStoreError.unreadable(sequence: row["sequence"])
    }
    self = session
  }
}

extension Write {
  init(row: Row) throws {
    guard let value = WriteValue(stored: row["value"]) else {
      throw SyncStoreError.unreadable(sequence: row["sequence"])
    }
    self.init(session: try Session(row: row), value: value, recordedAt: Timestamp(milliseconds: row["recorded_at_ms"]))
  }
}
