/// The names that `action` may have in an action file, and the fields that each one takes beside the common ones.
package enum ActionName: String, CaseIterable, Sendable {
  case complete
  case uncomplete
  case intensity
  case schedule
  case exercise

  var fields: Set<String> {
    switch self {
    case .complete: ["completed_at", "intensity_rating", "scheduled_date"]
    case .uncomplete: []
    case .intensity: ["intensity_rating"]
    case .schedule: ["scheduled_date"]
    case .exercise: ["exercise"]
    }
  }

  static let commonFields: Set<String> = ["action", "program_id", "week_number", "day_number", "id", "recorded_at"]
  static let allFields = allCases.reduce(commonFields) { $0.union($1.fields) }
}

extension Action.Change {
  package var name: ActionName {
    switch self {
    case .complete: .complete
    case .uncomplete: .uncomplete
    case .rate: .intensity
    case .schedule: .schedule
    case .logExercise: .exercise
    }
  }
}

/// Reads one action from JSON and collects every problem on the way instead of stopping at the first.
struct ActionReader {
  private let fields: [String: JSONValue]
  private let fieldPrefix: String
  private(set) var problems: [String]

  /// - Parameter index: The place of the action in its array; nil when it stands alone.
  init(_ value: JSONValue, index: Int?) {
    fieldPrefix = index.map { "[\($0)]." } ?? ""
    if case .object(let members) = value {
      // A null is how many clients spell "not there".
      (fields, problems) = (members.filter { $0.value != .null }, [])
    } else {
      (fields, problems) = ([:], [(index.map { "[\($0)]: " } ?? "") + "an action must be an object, this is \(value.summary)"])
    }
  }

  /// The action, or nil when there are `problems`.
  mutating func read() -> Action? {
    guard problems.isEmpty else { return nil }
    let name = text("action", rule: "must be one of \(list(ActionName.allCases))") { ActionName(rawValue: $0) }
    refuseUnknownFields(of: name)
    let session = readSession()
    let id = optional("id", rule: ActionID.rule) { ActionID($0) }
    let recordedAt = optional("recorded_at", rule: Self.instantRule) { Timestamp(rfc3339: $0) }
    guard let name, let change = readChange(name), let session, problems.isEmpty else { return nil }
    return Action(session: session, change: change, id: id, recordedAt: recordedAt)
  }

  private static let instantRule = "must be an RFC 3339 instant with a zone, such as 2026-01-28T15:30:00Z"
  private static let dateRule = "must be a date such as 2026-01-28, or an RFC 3339 instant"
  private static let ratingRule = "must be one of \(list(IntensityRating.allCases))"

  private mutating func readSession() -> Session? {
    let program = text("program_id", rule: ProgramID.rule) { ProgramID($0) }
    let week = number("week_number")
    let day = number("day_number")
    guard let program, let week, let day else { return nil }
    return Session(program: program, week: week, day: day)
  }

  private mutating func readChange(_ name: ActionName) -> Action.Change? {
    switch name {
    case .complete:
      .complete(
        at: optional("completed_at", rule: Self.instantRule) { Timestamp(rfc3339: $0) },
        rating: optional("intensity_rating", rule: Self.ratingRule) { IntensityRating(rawValue: $0) },
        scheduled: optional("scheduled_date", rule: Self.dateRule) { ScheduledDate($0) })
    case .uncomplete: .uncomplete
    case .intensity: text("intensity_rating", rule: Self.ratingRule) { IntensityRating(rawValue: $0) }.map { .rate($0) }
    case .schedule: text("scheduled_date", rule: Self.dateRule) { ScheduledDate($0) }.map { .schedule($0) }
    case .exercise: readExercise().map { .logExercise($0) }
    }
  }

  private mutating func readExercise() -> ExerciseLog? {
    guard let value = present("exercise") else { return nil }
    guard case .object(let members) = value else {
      report("exercise", "must be an object, is \(value.summary)")
      return nil
    }
    guard let log = ExerciseLog(fields: members) else {
      report("exercise.exercise_id", members["exercise_id"].map { "\(ExerciseLog.idRule), is \($0.summary)" } ?? "is missing")
      return nil
    }
    return log
  }

  private mutating func refuseUnknownFields(of name: ActionName?) {
    for field in fields.keys.sorted() where !ActionName.commonFields.contains(field) {
      if !ActionName.allFields.contains(field) {
        let quoted = JSONValue.string(field).summary
        let nearest = ActionName.allFields.nearest(to: field).map { "; did you mean \($0)?" } ?? ""
        report(String(quoted.dropFirst().dropLast()), "unknown field\(nearest)")
      } else if let name, !name.fields.contains(field) {
        report(field, "not a field of the action \(name.rawValue)")
      }
    }
  }

  private mutating func text<Value>(_ field: String, rule: String, convert: (String) -> Value?) -> Value? {
    guard present(field) != nil else { return nil }
    return optional(field, rule: rule, convert: convert)
  }

  private mutating func optional<Value>(_ field: String, rule: String, convert: (String) -> Value?) -> Value? {
    guard let value = fields[field] else { return nil }
    if let converted = value.string.flatMap(convert) { return converted }
    report(field, "\(rule), is \(value.summary)")
    return nil
  }

  private mutating func number(_ field: String) -> Int? {
    guard let value = present(field) else { return nil }
    if let number = value.integer, Session.numbers.contains(number) { return number }
    let numbers = Session.numbers
    report(field, "must be a whole number from \(numbers.lowerBound) to \(numbers.upperBound), is \(value.summary)")
    return nil
  }

  private mutating func present(_ field: String) -> JSONValue? {
    if let value = fields[field] { return value }
    report(field, "is missing")
    return nil
  }

  private mutating func report(_ field: String, _ problem: String) {
    problems.append("\(fieldPrefix)\(field): \(problem)")
  }
}

private func list<Name: RawRepresentable<String>>(_ names: [Name]) -> String {
  names.map(\.rawValue).joined(separator: ", ")
}
