import ProgressModel
import Testing

@Suite("A bad action file is refused with a clear reason")
struct ActionFileRefusalTests {
  private static let instant = "must be an RFC 3339 instant with a zone, such as 2026-01-28T15:30:00Z"
  private static let number = "must be a whole number from 1 to 1000"
  private static let program = "program_id: must be 1 to 128 of A-Z a-z 0-9 . _ ~ - and neither . nor .., is"

  @Test(
    "each field by its own rule",
    arguments: [
      (#""action":"complet""#, #"action: must be one of complete, uncomplete, intensity, schedule, exercise, is "complet""#),
      (#""action":3"#, "action: must be one of complete, uncomplete, intensity, schedule, exercise, is 3"),
      (#""action":"Complete""#, #"action: must be one of complete, uncomplete, intensity, schedule, exercise, is "Complete""#),
      (#""action":null"#, "action: is missing"),
      (#""action":"complete","completed_at":"2026-01-28T15:30:00""#, "completed_at: \(instant), is \"2026-01-28T15:30:00\""),
      (#""action":"complete","completed_at":1769614200"#, "completed_at: \(instant), is 1769614200"),
      (#""action":"complete","completed_at":"2026-01-28""#, "completed_at: \(instant), is \"2026-01-28\""),
      (#""action":"complete","intensity_rating":"brutal""#, #"intensity_rating: must be one of easy, perfect, hard, is "brutal""#),
      (#""action":"complete","intensity_rating":"""#, #"intensity_rating: must be one of easy, perfect, hard, is """#),
      (#""action":"intensity","intensity_rating":["easy"]"#, "intensity_rating: must be one of easy, perfect, hard, is an array"),
      (#""action":"intensity""#, "intensity_rating: is missing"),
      (#""action":"intensity","intensity_rating":null"#, "intensity_rating: is missing"),
      (#""action":"schedule""#, "scheduled_date: is missing"),
      (
        #""action":"schedule","scheduled_date":"tomorrow""#,
        #"scheduled_date: must be a date such as 2026-01-28, or an RFC 3339 instant, is "tomorrow""#
      ),
      (
        #""action":"complete","scheduled_date":"2026-02-30""#,
        #"scheduled_date: must be a date such as 2026-01-28, or an RFC 3339 instant, is "2026-02-30""#
      ),
      (#""action":"exercise""#, "exercise: is missing"),
      (#""action":"exercise","exercise":"squat""#, #"exercise: must be an object, is "squat""#),
      (#""action":"exercise","exercise":{"id":"squat"}"#, "exercise.exercise_id: is missing"),
      (
        #""action":"exercise","exercise":{"exercise_id":7}"#,
        "exercise.exercise_id: must be a text of 1 to 128 characters without control characters, is 7"
      ),
      (
        #""action":"exercise","exercise":{"exercise_id":""}"#,
        #"exercise.exercise_id: must be a text of 1 to 128 characters without control characters, is """#
      ),
      (
        #""action":"exercise","exercise":{"exercise_id":"a\u0000"}"#,
        #"exercise.exercise_id: must be a text of 1 to 128 characters without control characters, is "a\u0000""#
      ),
      (#""action":"uncomplete","recorded_at":"yesterday""#, "recorded_at: \(instant), is \"yesterday\""),
      (#""action":"uncomplete","id":7"#, "id: must be a text of 1 to 128 visible ASCII characters, is 7"),
      (#""action":"uncomplete","id":"""#, #"id: must be a text of 1 to 128 visible ASCII characters, is """#),
      (#""action":"uncomplete","id":"a b""#, #"id: must be a text of 1 to 128 visible ASCII characters, is "a b""#),
      (#""action":"uncomplete","id":"é""#, #"id: must be a text of 1 to 128 visible ASCII characters, is "é""#),
    ] as [(String, String)])
  func rules(fields: String, problem: String) {
    #expect(problems("{\"program_id\":\"p1\",\"week_number\":1,\"day_number\":3,\(fields)}") == [problem])
  }

  @Test(
    "weeks and days that are not 1 to 1000",
    arguments: [
      "0", "-0", "-1", "1001", "1.5", "3.0000000001", "1e400", "1E999999999", "\"1\"", "true", "[1]", "9223372036854775808",
    ])
  func numbers(literal: String) {
    let shown = literal == "[1]" ? "an array" : literal
    #expect(
      problems("{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":\(literal),\"day_number\":1}")
        == ["week_number: \(Self.number), is \(shown)"])
    #expect(
      problems("{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":1,\"day_number\":\(literal)}")
        == ["day_number: \(Self.number), is \(shown)"])
  }

  @Test(
    "programs that are no path segment",
    arguments: [
      (#""""#, #""""#), (#"".""#, #"".""#), (#""..""#, #""..""#), (#""a/b""#, #""a/b""#), (#""a b""#, #""a b""#), (#""a%2f""#, #""a%2f""#),
      (#""é""#, #""é""#), (#""p\u0000""#, #""p\u0000""#), (#""p\n""#, #""p\n""#), ("7", "7"),
      ("\"\(String(repeating: "p", count: 129))\"", "\"\(String(repeating: "p", count: 40))…\""),
    ] as [(String, String)])
  func programs(json: String, shown: String) {
    #expect(
      problems("{\"action\":\"uncomplete\",\"program_id\":\(json),\"week_number\":1,\"day_number\":1}") == ["\(Self.program) \(shown)"])
  }

  @Test(
    "fields that are unknown or belong to another action",
    arguments: [
      (#""weak_number":1"#, "weak_number: unknown field; did you mean week_number?"),
      (#""Intensity_Rating":"easy""#, "Intensity_Rating: unknown field; did you mean intensity_rating?"),
      (#""colour":"red""#, "colour: unknown field"),
      (#""":1"#, ": unknown field"),
      (#""a\nb\u009b":1"#, #"a\nb\u009b: unknown field"#),
      (#""intensity_rating":"easy""#, "intensity_rating: not a field of the action uncomplete"),
      (#""exercise":{}"#, "exercise: not a field of the action uncomplete"),
    ] as [(String, String)])
  func unknownFields(field: String, problem: String) {
    #expect(problems("{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":1,\"day_number\":1,\(field)}") == [problem])
  }

  @Test("with every problem at once, in the order of the rules")
  func everyProblem() {
    let text = #"{"action":"schedule","week_number":"one","day_number":0,"scheduled":"2026-01-28","id":"","exercise":{}}"#
    #expect(
      problems(text) == [
        "exercise: not a field of the action schedule",
        "scheduled: unknown field; did you mean scheduled_date?",
        "program_id: is missing",
        #"week_number: must be a whole number from 1 to 1000, is "one""#,
        "day_number: must be a whole number from 1 to 1000, is 0",
        #"id: must be a text of 1 to 128 visible ASCII characters, is """#,
        "scheduled_date: is missing",
      ])
    #expect(problems("{}") == ["action: is missing", "program_id: is missing", "week_number: is missing", "day_number: is missing"])
  }

  @Test("with the place of each problem in an array")
  func places() {
    let good = #"{"action":"uncomplete","program_id":"p","week_number":1,"day_number":1}"#
    #expect(
      problems("[\(good),{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":1},7,\(good),[]]") == [
        "[1].day_number: is missing",
        "[2]: an action must be an object, this is 7",
        "[4]: an action must be an object, this is an array",
      ])
  }

  @Test(
    "when it holds no action",
    arguments: [
      ("[]", "an array must hold 1 to 1000 actions, this one holds 0"),
      ("[" + Array(repeating: "0", count: 1_001).joined(separator: ",") + "]", "an array must hold 1 to 1000 actions, this one holds 1001"),
      ("3", "an action must be an object, this is 3"),
      ("null", "an action must be an object, this is null"),
      ("", "not valid JSON: line 1, column 1: the text is empty"),
      ("{\"action\":\"complete\"", "not valid JSON: line 1, column 21: the text ends too early: expected ',' or '}'"),
      ("{} {}", "not valid JSON: line 1, column 4: more text after the end of the value"),
    ] as [(String, String)])
  func noAction(text: String, problem: String) {
    #expect(problems(text) == [problem])
  }

  @Test("with 20 problems and the count of the rest")
  func longLists() {
    let found = problems("[" + Array(repeating: "{}", count: 1_000).joined(separator: ",") + "]")
    #expect(found.count == 21)
    #expect(found.first == "[0].action: is missing")
    #expect(found.last == "and 3980 more")
  }

  @Test("in one line")
  func description() throws {
    let error = try #require(throws: ActionFileError.self) {
      try ActionFile.parse(Array("[{\"action\":\"uncomplete\",\"program_id\":\"p\"}]".utf8))
    }
    #expect(error.description == "[0].week_number: is missing; [0].day_number: is missing")
  }

  private func problems(_ text: String) -> [String] {
    do throws(ActionFileError) {
      _ = try ActionFile.parse(Array(text.utf8))
      return []
    } catch {
      return error.problems
    }
  }
}
