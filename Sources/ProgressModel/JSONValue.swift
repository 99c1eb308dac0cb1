/// Any JSON value: what a client wrote, before and beyond what the model knows of it.
///
/// Numbers keep their spelling, so that passing a value through changes nothing that a reader could see.
/// Objects do not keep the order of their names.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A number as it was written, for example `102.50`; always valid JSON.
  case number(literal: String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(literal: String(value)) }

  /// The value as a whole number, when it is one that fits; `3.0` and `1e2` are, as JSON has but one kind of number.
  package var integer: Int? {
    guard case .number(let literal) = self else { return nil }
    return Int(literal) ?? Double(literal).flatMap { Int(exactly: $0) }
  }

  package var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }
}

extension JSONValue {
  /// The value as compact JSON with sorted names: the same value always gives the same bytes.
  ///
  /// Controls are escaped, the newer ones and those that turn the writing direction too, so that no text can disturb a terminal or a log.
  package var serialized: String {
    var text = ""
    serialize(into: &text)
    return text
  }

  private func serialize(into text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let literal): text += literal
    case .string(let value): Self.serialize(value, into: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.serialize(into: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text += "," }
        Self.serialize(member.key, into: &text)
        text += ":"
        member.value.serialize(into: &text)
      }
      text += "}"
    }
  }

  private static func serialize(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}"..."\u{202e}", "\u{2066}"..."\u{2069}":
        text += "\\u" + padded(String(scalar.value, radix: 16), to: 4)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSONValue {
  /// The value as a message quotes it: scalars as written, long texts cut, containers by their kind.
  package var summary: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string(let text): JSONValue.string(text.cut(to: 40)).serialized
    case .number(let literal): literal.cut(to: 40)
    case .null, .bool: serialized
    }
  }
}

extension String {
  /// The text itself, or its first `count` Unicode scalars and an ellipsis. Scalars, because one visible character can hold thousands.
  package func cut(to count: Int) -> String {
    let start = unicodeScalars.prefix(count)
    return start.endIndex == endIndex ? self : String(start) + "…"
  }
}

func padded(_ number: some BinaryInteger, to width: Int) -> String {
  padded(String(number), to: width)
}

private func padded(_ digits: String, to width: Int) -> String {
  String(repeating: "0", count: max(0, width - digits.count)) + digits
}
