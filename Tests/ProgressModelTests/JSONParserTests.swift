import ProgressModel
import Testing

@Suite("The JSON parser")
struct JSONParserTests {
  @Test(
    "reads every kind of value",
    arguments: [
      ("null", JSONValue.null),
      ("true", .bool(true)),
      ("false", .bool(false)),
      (" \t\r\n1 \n", .integer(1)),
      ("\"\"", .string("")),
      ("[]", .array([])),
      ("{}", .object([:])),
      ("[ 1 , [ ] , {\"a\":null}]", .array([.integer(1), .array([]), .object(["a": .null])])),
      ("{\"a\" : 1, \"b\":{\"a\":2}}", .object(["a": .integer(1), "b": .object(["a": .integer(2)])])),
      ("{\"\":0}", .object(["": .integer(0)])),
    ] as [(String, JSONValue)])
  func reads(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)) == value)
  }

  @Test(
    "keeps the spelling of a number",
    arguments: ["0", "-0", "10", "102.50", "1e5", "1E+05", "1e-5", "-1.0e0", "1e400", "1E999999999", String(repeating: "9", count: 10_000)])
  func number(literal: String) throws {
    #expect(try JSONValue(parsing: Array(literal.utf8)) == .number(literal: literal))
    #expect(try JSONValue(parsing: Array("[\(literal)]".utf8)).serialized == "[\(literal)]")
  }

  @Test(
    "reads the escapes of a text",
    arguments: [
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
      (#""\u0041\u00e9\u00C9""#, "A\u{e9}\u{c9}"),
      (#""\u0000""#, "\u{0}"),
      (#""\ud83d\ude00\uDBFF\uDFFF""#, "\u{1f600}\u{10ffff}"),
      (#""\uffff\ue000""#, "\u{ffff}\u{e000}"),
      ("\"\u{7f}\u{80}😀é\"", "\u{7f}\u{80}😀é"),
    ] as [(String, String)])
  func text(json: String, text: String) throws {
    let value = try JSONValue(parsing: Array(json.utf8))
    #expect(value.string.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
  }

  @Test(
    "says what is wrong and where",
    arguments: [
      ("", "line 1, column 1: the text is empty"),
      (" \n ", "line 1, column 1: the text is empty"),
      ("\u{feff}{}", "line 1, column 1: a byte order mark is not JSON; save the text without one"),
      ("nul", "line 1, column 1: expected a value"),
      ("True", "line 1, column 1: expected a value"),
      ("NaN", "line 1, column 1: expected a value"),
      ("'a'", "line 1, column 1: expected a value"),
      ("// note\n1", "line 1, column 1: expected a value"),
      ("truefalse", "line 1, column 5: more text after the end of the value"),
      ("1 2", "line 1, column 3: more text after the end of the value"),
      ("{}\n\n{}", "line 3, column 1: more text after the end of the value"),
      ("1\u{0}", "line 1, column 2: more text after the end of the value"),
      ("[1,]", "line 1, column 4: expected a value"),
      ("[1", "line 1, column 3: the text ends too early: expected ',' or ']'"),
      ("[1}", "line 1, column 3: expected ',' or ']'"),
      ("[", "line 1, column 2: the text ends too early: expected a value"),
      ("]", "line 1, column 1: expected a value"),
      ("{", "line 1, column 2: the text ends too early: expected a name in quotes"),
      ("{a:1}", "line 1, column 2: expected a name in quotes"),
      ("{1:1}", "line 1, column 2: expected a name in quotes"),
      ("{\"a\":1,}", "line 1, column 8: expected a name in quotes"),
      ("{\"a\" 1}", "line 1, column 6: expected ':' after the name"),
      ("{\"a\":}", "line 1, column 6: expected a value"),
      ("{\"a\":1 \"b\":2}", "line 1, column 8: expected ',' or '}'"),
      ("{\n  \"a\": 1,\n  \"é\": 2, \"a\": 3\n}", "line 3, column 12: the name \"a\" is repeated"),
      ("{\"a\":1,\"\\u0061\":2}", "line 1, column 8: the name \"a\" is repeated"),
      ("01", "line 1, column 1: a number must not begin with 0"),
      ("[-00]", "line 1, column 3: a number must not begin with 0"),
      ("-", "line 1, column 2: the text ends too early: expected a digit"),
      ("-Infinity", "line 1, column 2: expected a digit"),
      ("+1", "line 1, column 1: expected a value"),
      (".5", "line 1, column 1: expected a value"),
      ("1.", "line 1, column 3: the text ends too early: expected a digit"),
      ("[1.]", "line 1, column 4: expected a digit"),
      ("1e", "line 1, column 3: the text ends too early: expected a digit"),
      ("[1e+]", "line 1, column 5: expected a digit"),
      ("0x10", "line 1, column 2: more text after the end of the value"),
      ("١", "line 1, column 1: expected a value"),
      ("[\"a", "line 1, column 2: the text that starts here never ends"),
      ("\"a\nb\"", "line 1, column 3: a control character in a text must be escaped"),
      ("\"\u{0}\"", "line 1, column 2: a control character in a text must be escaped"),
      ("\"\\", "line 1, column 3: the text ends too early: unfinished escape"),
      ("\"\\a\"", "line 1, column 3: unknown escape"),
      ("\"\\u12\"", "line 1, column 4: expected four hexadecimal digits"),
      ("\"\\u+123\"", "line 1, column 4: expected four hexadecimal digits"),
      ("\"\\u１２３４\"", "line 1, column 4: expected four hexadecimal digits"),
      (#""\ud83d""#, "line 1, column 2: half of a surrogate pair"),
      (#""a\ud83dx""#, "line 1, column 3: half of a surrogate pair"),
      (#""\ud83d\u0041""#, "line 1, column 2: half of a surrogate pair"),
      (#""\ude00\ud83d""#, "line 1, column 2: half of a surrogate pair"),
    ] as [(String, String)])
  func refuses(text: String, message: String) {
    #expect(problem(in: Array(text.utf8)) == message)
  }

  @Test(
    "refuses bytes that are not UTF-8",
    arguments: [
      [0xff], [0x80], [0xc3], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    #expect(problem(in: [quote] + bytes + [quote]) == "line 1, column 1: the text is not UTF-8")
    #expect(problem(in: Array("{\"a\":1}".utf8) + bytes) == "line 1, column 8: more text after the end of the value")
    #expect(problem(in: bytes) == "line 1, column 1: expected a value")
  }

  @Test("reads 64 levels and refuses the 65th")
  func depth() throws {
    let levels = { (count: Int) in Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8) }
    #expect(try JSONValue(parsing: levels(64)).serialized.utf8.count == 128)
    #expect(problem(in: levels(65)) == "line 1, column 65: nested deeper than 64 levels")
    #expect(problem(in: Array(repeating: UInt8(ascii: "["), count: 65_536)) == "line 1, column 65: nested deeper than 64 levels")
    let objects = String(repeating: "{\"a\":", count: 65_536 / 5)
    #expect(problem(in: Array(objects.utf8)) == "line 1, column 321: nested deeper than 64 levels")
  }

  @Test("reads names of 1024 bytes and refuses longer ones")
  func longNames() throws {
    let object = { (length: Int) in Array("{\"a\":{\"\(String(repeating: "n", count: length))\":1}}".utf8) }
    #expect(try JSONValue(parsing: object(1024)).serialized.utf8.count == 1036)
    #expect(problem(in: object(1025)) == "line 1, column 7: a name must not be longer than 1024 bytes")
  }

  @Test("refuses every proper beginning of an object")
  func truncations() throws {
    let text = Array(#"{"a":[1,-2.5e3,"é\n\ud83d\ude00",true,false,null,{"b":{}}]}"#.utf8)
    _ = try JSONValue(parsing: text)
    for length in 0..<text.count {
      #expect(problem(in: Array(text[..<length])) != nil, "\(length) bytes")
    }
  }

  private func problem(in bytes: [UInt8]) -> String? {
    do {
      _ = try JSONValue(parsing: bytes)
      return nil
    } catch {
      return error.description
    }
  }
}
