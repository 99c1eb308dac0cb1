import ProgressModel
import SystemPackage

/// A value as it stands in its source, before anyone knows what it should be.
enum RawValue: Hashable, Sendable {
  case text(String)
  case list([RawValue])
  case mapping

  /// The value as a message shows it.
  var shown: String {
    switch self {
    case .text(""): "empty"
    case .text(let text): JSONValue.string(text).summary
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Why a value is refused: a clause that follows the key, `must be a duration such as 500ms or 2s, is "fast"`.
struct ValueProblem: Error {
  let text: String

  init(_ text: String) {
    self.text = text
  }
}

/// How values of one type are read and written.
struct ValueFormat<Value: Sendable>: Sendable {
  let read: @Sendable (RawValue) throws(ValueProblem) -> Value
  /// Spells a value so that `read` gives it back.
  let write: @Sendable (Value) -> String
  /// What a value must be, as manuals say it: `a duration such as 500ms or 2s, from 1ms to 10m`.
  var rule = "a text"
}

extension ValueFormat {
  /// A single text that `parse` understands.
  init(_ rule: String, parse: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String) {
    (self.write, self.rule) = (write, rule)
    read = { (raw) throws(ValueProblem) in
      guard case .text(let text) = raw, let value = parse(text) else { throw ValueProblem("must be \(rule), is \(raw.shown)") }
      return value
    }
  }

  /// The same, but only values within `range`.
  func within(_ range: ClosedRange<Value>) -> ValueFormat where Value: Comparable {
    let bounds = "from \(write(range.lowerBound)) to \(write(range.upperBound))"
    return ValueFormat(
      read: { (raw) throws(ValueProblem) in
        let value = try read(raw)
        guard range.contains(value) else { throw ValueProblem("must be \(bounds), is \(write(value))") }
        return value
      }, write: write, rule: "\(rule), \(bounds)")
  }

  /// The same, where nothing, `null` or `~` stands for no value.
  static func optional<Wrapped>(_ format: ValueFormat<Wrapped>) -> ValueFormat where Value == Wrapped? {
    ValueFormat(
      read: { (raw) throws(ValueProblem) in
        if case .text(let text) = raw, ["", "null", "~"].contains(text) { return nil }
        return try format.read(raw)
      }, write: { $0.map(format.write) ?? "null" }, rule: "\(format.rule), or null for none")
  }

  /// One or more values: a YAML list, or one text with commas between the values.
  static func list<Element>(of format: ValueFormat<Element>) -> ValueFormat where Value == [Element] {
    ValueFormat(
      read: { (raw) throws(ValueProblem) in
        let values = try raw.elements(of: format)
        guard !values.isEmpty else { throw ValueProblem("must hold at least one value") }
        return values
      }, write: { "[\($0.map(format.write).joined(separator: ", "))]" }, rule: "a list of at least one value, each \(format.rule)")
  }

  /// Any number of values in any order.
  static func set<Element: Comparable & Hashable>(of format: ValueFormat<Element>) -> ValueFormat where Value == Set<Element> {
    ValueFormat(
      read: { (raw) throws(ValueProblem) in Set(try raw.elements(of: format)) },
      write: { "[\($0.sorted().map(format.write).joined(separator: ", "))]" }, rule: "a list that may be empty, each \(format.rule)")
  }
}

extension RawValue {
  fileprivate func elements<Element>(of format: ValueFormat<Element>) throws(ValueProblem) -> [Element] {
    var values: [Element] = []
    var problems: [String] = []
    for (index, raw) in split.enumerated() {
      do throws(ValueProblem) {
        values.append(try format.read(raw))
      } catch {
        problems.append("value \(index + 1) \(error.text)")
      }
    }
    guard problems.isEmpty else { throw ValueProblem(problems.joined(separator: "; ")) }
    return values
  }

  private var split: [RawValue] {
    switch self {
    case .list(let values): values
    case .mapping: [self]
    case .text(let text):
      text.trimming("[ ]").split(separator: ",", omittingEmptySubsequences: false)
        .map { .text($0.trimming(" ")) }
        .dropIfOnlyEmpty
    }
  }
}

extension [RawValue] {
  /// No text between the commas of an empty text.
  fileprivate var dropIfOnlyEmpty: [RawValue] { self == [.text("")] ? [] : self }
}

extension StringProtocol {
  fileprivate func trimming(_ characters: String) -> String {
    var rest = self[...]
    while let first = rest.first, characters.contains(first) { rest.removeFirst() }
    while let last = rest.last, characters.contains(last) { rest.removeLast() }
    return String(rest)
  }
}
