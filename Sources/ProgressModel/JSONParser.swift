/// Why a text is not JSON, with the place.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  /// A clause without a full stop: `expected a name in quotes`.
  package let reason: String
  /// Counted from 1.
  package let line: Int
  /// Bytes from the start of the line, counted from 1.
  package let column: Int

  package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
  /// Parses one JSON text as [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) defines it, in UTF-8, and nothing beside it.
  ///
  /// Stricter than the RFC where a value could be lost silently: a name that an object repeats is an error, and so is
  /// half of a surrogate pair. Deeper than `maximumDepth` levels is an error too, so that no input can exhaust the stack, and so is a name
  /// of more than 1024 bytes: comparing names takes Unicode's canonical order, whose cost can grow with the square of their length.
  package init(parsing bytes: [UInt8], maximumDepth: Int = 64) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
    self = try parser.parseText()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  let maximumDepth: Int
  var position = 0

  init(bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  mutating func parseText() throws(JSONSyntaxError) -> JSONValue {
    guard !bytes.starts(with: [0xef, 0xbb, 0xbf]) else { throw error("a byte order mark is not JSON; save the text without one") }
    skipSpace()
    guard position < bytes.count else { throw JSONSyntaxError(reason: "the text is empty", line: 1, column: 1) }
    let value = try parseValue(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("more text after the end of the value") }
    return value
  }

  private mutating func parseValue(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard let next = peek else { throw error("expected a value") }
    switch next {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    case UInt8(ascii: "t"): return try parseWord("true", as: .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", as: .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", as: .null)
    default: throw error("expected a value")
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    try parseList(closing: "}", depth: depth) { (parser) throws(JSONSyntaxError) in
      guard parser.peek == UInt8(ascii: "\"") else { throw parser.error("expected a name in quotes") }
      let start = parser.position
      let name = try parser.parseString()
      guard name.utf8.count <= 1024 else { throw parser.error("a name must not be longer than 1024 bytes", at: start) }
      guard members[name] == nil else { throw parser.error("the name \(JSONValue.string(name).summary) is repeated", at: start) }
      parser.skipSpace()
      guard parser.skip(":") else { throw parser.error("expected ':' after the name") }
      parser.skipSpace()
      members[name] = try parser.parseValue(depth: depth + 1)
    }
    return .object(members)
  }

  private mutating func parseArray(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    var values: [JSONValue] = []
    try parseList(closing: "]", depth: depth) { (parser) throws(JSONSyntaxError) in
      values.append(try parser.parseValue(depth: depth + 1))
    }
    return .array(values)
  }

  private mutating func parseList(
    closing: Unicode.Scalar, depth: Int, element: (inout JSONParser) throws(JSONSyntaxError) -> Void
  ) throws(JSONSyntaxError) {
    guard depth < maximumDepth else { throw error("nested deeper than \(maximumDepth) levels") }
    position += 1
    skipSpace()
    if skip(closing) { return }
    while true {
      try element(&self)
      skipSpace()
      if skip(closing) { return }
      guard skip(",") else { throw error("expected ',' or '\(closing)'") }
      skipSpace()
    }
  }

  private mutating func parseWord(_ word: String, as value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw error("expected a value") }
    position += word.utf8.count
    return value
  }

  private mutating func parseNumber() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    _ = skip("-")
    let digits = position
    try skipDigits()
    guard bytes[digits] != UInt8(ascii: "0") || position == digits + 1 else { throw error("a number must not begin with 0", at: digits) }
    if skip(".") { try skipDigits() }
    if skip("e") || skip("E") {
      _ = skip("+") || skip("-")
      try skipDigits()
    }
    return .number(literal: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func skipDigits() throws(JSONSyntaxError) {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw error("expected a digit") }
  }

  private mutating func parseString() throws(JSONSyntaxError) -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("the text is not UTF-8", at: start) }
        return string
      case UInt8(ascii: "\\"): text += try parseEscape()
      case 0..<0x20: throw error("a control character in a text must be escaped", at: position - 1)
      default: text.append(byte)
      }
    }
    throw error("the text that starts here never ends", at: start)
  }

  private mutating func parseEscape() throws(JSONSyntaxError) -> [UInt8] {
    guard let byte = peek else { throw error("unfinished escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(Character(try parseUnicodeEscape())).utf8)
    default: throw error("unknown escape", at: position - 1)
    }
  }

  private mutating func parseUnicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
    let start = position - 2
    let unit = try parseFourHexDigits()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard UTF16.isLeadSurrogate(unit), skip("\\"), skip("u") else { throw error("half of a surrogate pair", at: start) }
    let second = try parseFourHexDigits()
    guard UTF16.isTrailSurrogate(second) else { throw error("half of a surrogate pair", at: start) }
    return UTF16.decode(UTF16.EncodedScalar([unit, second]))
  }

  private mutating func parseFourHexDigits() throws(JSONSyntaxError) -> UInt16 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    position += 4
    return unit
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  private func error(_ reason: String, at place: Int? = nil) -> JSONSyntaxError {
    let place = place ?? position
    let before = bytes[..<place]
    let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    let reason = place < bytes.count ? reason : "the text ends too early: " + reason
    return JSONSyntaxError(reason: reason, line: 1 + before.count { $0 == 0x0a }, column: place - lineStart + 1)
  }
}
