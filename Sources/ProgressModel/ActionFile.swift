/// The text of an action file: one action, or an array of actions that are accepted together or not at all.
package enum ActionFile {
  /// How many actions one file may hold.
  package static let maximumActions = 1_000
  /// How many problems a refusal lists before it only counts them.
  private static let listedProblems = 20

  /// Reads the actions of a file.
  ///
  /// Throws `ActionFileError` with every problem, each with its place, so that a person mends the file in one go.
  package static func parse(_ bytes: [UInt8]) throws(ActionFileError) -> [Action] {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw ActionFileError(problems: ["not valid JSON: \(error)"])
    }
    guard case .array(let elements) = value else { return try parseActions([(nil, value)]) }
    guard (1...maximumActions).contains(elements.count) else {
      throw ActionFileError(problems: ["an array must hold 1 to \(maximumActions) actions, this one holds \(elements.count)"])
    }
    return try parseActions(elements.enumerated().map { ($0, $1) })
  }

  private static func parseActions(_ elements: [(index: Int?, value: JSONValue)]) throws(ActionFileError) -> [Action] {
    var actions: [Action] = []
    var problems: [String] = []
    for element in elements {
      var reader = ActionReader(element.value, index: element.index)
      if let action = reader.read() { actions.append(action) }
      problems += reader.problems
    }
    guard problems.isEmpty else {
      let listed = Array(problems.prefix(listedProblems))
      let more = problems.count - listed.count
      throw ActionFileError(problems: more > 0 ? listed + ["and \(more) more"] : listed)
    }
    return actions
  }

  /// The text of a file that holds one action.
  package static func serialize(_ action: Action) -> [UInt8] {
    Array(action.json.serialized.utf8) + [0x0a]
  }
}

/// Why an action file is refused.
package struct ActionFileError: Error, Equatable, CustomStringConvertible {
  /// One clause each, beginning with the place: `week_number: must be a whole number from 1 to 1000, is "one"`.
  package let problems: [String]

  package var description: String { problems.joined(separator: "; ") }
}

extension Action {
  /// The action in the form of an action file.
  package var json: JSONValue {
    var fields: [String: JSONValue] = [
      "program_id": .string(session.program.text),
      "week_number": .integer(session.week),
      "day_number": .integer(session.day),
    ]
    fields["id"] = id.map { .string($0.text) }
    fields["recorded_at"] = recordedAt.map { .string($0.rfc3339) }
    fields["action"] = .string(change.name.rawValue)
    switch change {
    case .complete(let instant, let rating, let scheduled):
      fields["completed_at"] = instant.map { .string($0.rfc3339) }
      fields["intensity_rating"] = rating.map { .string($0.rawValue) }
      fields["scheduled_date"] = scheduled.map { .string($0.description) }
    case .uncomplete: break
    case .rate(let rating): fields["intensity_rating"] = .string(rating.rawValue)
    case .schedule(let date): fields["scheduled_date"] = .string(date.description)
    case .logExercise(let log): fields["exercise"] = .object(log.fields)
    }
    return .object(fields)
  }
}
