import ProgressModel

/// Reads the fields of one JSON object, and collects every problem on the way instead of stopping at the first.
struct FieldReader {
  private let whole: JSONValue
  private let place: [JSONValue]
  private(set) var fields: [String: JSONValue] = [:]
  private(set) var problems: [RequestProblem] = []

  init(_ value: JSONValue, at place: [JSONValue]) {
    (whole, self.place) = (value, place)
    if case .object(let members) = value {
      fields = members
    } else {
      problems = [
        RequestProblem(
          type: "model_attributes_type", place: place, message: "Input should be a valid dictionary or object to extract fields from",
          input: value)
      ]
    }
  }

  mutating func required<Value>(_ name: String, _ rule: FieldRule<Value>) -> Value? {
    present(name).flatMap { read($0, of: name, rule) }
  }

  /// A null is how many clients spell "not there".
  mutating func optional<Value>(_ name: String, _ rule: FieldRule<Value>) -> Value? {
    guard let value = fields[name], value != .null else { return nil }
    return read(value, of: name, rule)
  }

  /// Reads a field that is an object in its turn.
  mutating func object<Value>(_ name: String, _ read: (inout FieldReader) -> Value?) -> Value? {
    present(name).flatMap { nested($0, at: place + [.string(name)], read) }
  }

  /// Reads a field that is a list of objects; what is left out has a problem.
  mutating func objects<Value>(_ name: String, _ read: (inout FieldReader) -> Value?) -> [Value] {
    guard let value = present(name) else { return [] }
    guard case .array(let elements) = value else {
      refuse("list_type", "Input should be a valid list", at: [.string(name)], input: value)
      return []
    }
    return elements.enumerated().compactMap { nested($1, at: place + [.string(name), .integer($0)], read) }
  }

  mutating func refuse(_ type: String, _ message: String, at name: [JSONValue], input: JSONValue) {
    problems.append(RequestProblem(type: type, place: place + name, message: message, input: input))
  }

  private mutating func present(_ name: String) -> JSONValue? {
    // A body that is no object has been refused as a whole.
    guard case .object = whole else { return nil }
    if let value = fields[name] { return value }
    refuse("missing", "Field required", at: [.string(name)], input: whole)
    return nil
  }

  private mutating func read<Value>(_ value: JSONValue, of name: String, _ rule: FieldRule<Value>) -> Value? {
    do throws(FieldRule<Value>.Violation) {
      return try rule.read(value)
    } catch {
      refuse(error.type, error.message, at: [.string(name)], input: value)
      return nil
    }
  }

  private mutating func nested<Value>(
    _ value: JSONValue, at place: [JSONValue], _ read: (inout FieldReader) -> Value?
  ) -> Value? {
    var reader = FieldReader(value, at: place)
    let result = read(&reader)
    problems += reader.problems
    return result
  }
}
