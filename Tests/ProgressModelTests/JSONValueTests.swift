import ProgressModel
import TestSupport
import Testing

@Suite("A JSON value")
struct JSONValueTests {
  @Test(
    "is a whole number when it is one that fits",
    arguments: [
      ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("3.0", 3), ("30e-1", 3), ("1e2", 100), ("-1.5e1", -15),
      ("9223372036854775807", Int.max), ("9223372036854775808", nil), ("3.5", nil), ("3.0000000001", nil),
      ("1e400", nil), ("-1e400", nil), ("1E999999999", nil), ("1e99999999999999999999", nil),
    ] as [(String, Int?)])
  func integer(literal: String, integer: Int?) {
    #expect(JSONValue.number(literal: literal).integer == integer)
  }

  @Test("is no whole number when it is no number at all", arguments: [JSONValue.null, .bool(true), .string("1"), .array([]), .object([:])])
  func noInteger(value: JSONValue) {
    #expect(value.integer == nil)
  }

  @Test("is read as a number however long it is")
  func longNumber() {
    #expect(JSONValue.number(literal: String(repeating: "9", count: 65_000)).integer == nil)
    #expect(JSONValue.number(literal: "3." + String(repeating: "0", count: 65_000)).integer == 3)
  }

  @Test("serializes compactly, with its names sorted")
  func serialized() {
    let value = JSONValue.object(["b": .array([.null, .bool(true), .bool(false)]), "a": .number(literal: "1.50"), "": .object([:])])
    #expect(value.serialized == #"{"":{},"a":1.50,"b":[null,true,false]}"#)
  }

  @Test(
    "escapes what would break the text, or the terminal that shows it",
    arguments: [
      ("\"\\/", #""\"\\/""#),
      ("\n\r\t\u{0}\u{1b}\u{7f}", #""\n\r\t\u0000\u001b\u007f""#),
      ("\u{85}\u{9b}", #""\u0085\u009b""#),
      ("\u{2028}\u{2029}\u{202e}\u{2066}", #""\u2028\u2029\u202e\u2066""#),
      ("é😀\u{a0}\u{2027}\u{2030}", "\"é😀\u{a0}\u{2027}\u{2030}\""),
    ] as [(String, String)])
  func escapes(text: String, json: String) throws {
    #expect(JSONValue.string(text).serialized == json)
    #expect(JSONValue.object([text: .null]).serialized == "{\(json):null}")
    #expect(try JSONValue(parsing: Array(json.utf8)) == .string(text))
  }

  @Test(
    "is quoted in a message on one short line",
    arguments: [
      (JSONValue.null, "null"), (.bool(false), "false"), (.number(literal: "1e400"), "1e400"), (.string("a\nb"), #""a\nb""#),
      (.array([.null]), "an array"), (.object([:]), "an object"),
      (.string(String(repeating: "x", count: 41)), "\"" + String(repeating: "x", count: 40) + "…\""),
      (.string("e" + String(repeating: "\u{301}", count: 60_000)), "\"e" + String(repeating: "\u{301}", count: 39) + "…\""),
      (.number(literal: String(repeating: "1", count: 60_000)), String(repeating: "1", count: 40) + "…"),
    ] as [(JSONValue, String)])
  func summary(value: JSONValue, summary: String) {
    #expect(value.summary == summary)
  }

  @Test("survives serializing and parsing, whatever it is")
  func roundTrip() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let value = JSONValue.random(depth: 4, using: &generator)
      #expect(try JSONValue(parsing: Array(value.serialized.utf8)) == value, "seed \(seed)")
    }
  }
}

extension JSONValue {
  fileprivate static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
    let count = Int.random(in: 0...4, using: &generator)
    switch Int.random(in: 0...(depth > 0 ? 5 : 3), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2: return .number(literal: String(Double.random(in: -1e9...1e9, using: &generator)))
    case 3: return .string(.random(using: &generator))
    case 4: return .array((0..<count).map { _ in random(depth: depth - 1, using: &generator) })
    default:
      let members = (0..<count).map { _ in (String.random(using: &generator), random(depth: depth - 1, using: &generator)) }
      return .object(Dictionary(members) { first, _ in first })
    }
  }
}

extension String {
  fileprivate static func random(using generator: inout SeededGenerator) -> String {
    let scalars = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
      Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &generator) ? 0x7f : 0x10ffff), using: &generator))
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
