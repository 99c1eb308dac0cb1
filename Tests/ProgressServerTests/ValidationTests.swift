import HummingbirdTesting
import Testing

@Suite("Validation") struct ValidationTests {
  private static let noObject = "Input should be a valid dictionary or object to extract fields from"
  private static let noRating = "Input should be 'easy', 'perfect' or 'hard'"
  private static let noInstant = "Input should be a valid datetime such as 2026-01-28T15:30:00Z"
  private static let noDate = "Input should be a valid date such as 2026-01-28 or datetime such as 2026-01-28T15:30:00Z"
  private static let noExerciseID = "Input must be a text of 1 to 128 characters without control characters"

  @Test(
    "A body that is wrong is a 422 that lists every problem, and is looked at before the program",
    arguments: [
      ("complete", "{}", ["missing body.week_number: Field required ({})", "missing body.day_number: Field required ({})"]),
      (
        "complete", #"{"week_number":0,"day_number":1001}"#,
        [
          "greater_than_equal body.week_number: Input should be greater than or equal to 1 (0)",
          "less_than_equal body.day_number: Input should be less than or equal to 1000 (1001)",
        ]
      ),
      (
        "uncomplete", #"{"week_number":"1","day_number":1.5}"#,
        [
          #"int_type body.week_number: Input should be a valid integer ("1")"#,
          "int_type body.day_number: Input should be a valid integer (1.5)",
        ]
      ),
      (
        "complete", #"{"week_number":1,"day_number":1,"intensity_rating":"meh","completed_at":"2026-02-30T00:00:00Z","scheduled_date":3}"#,
        [
          #"datetime_parsing body.completed_at: \#(noInstant) ("2026-02-30T00:00:00Z")"#,
          #"enum body.intensity_rating: \#(noRating) ("meh")"#, #"date_parsing body.scheduled_date: \#(noDate) (3)"#,
        ]
      ),
      (
        "complete", #"{"week_number":1,"day_number":1,"completed_at":"9999-12-31T23:59:59-01:00"}"#,
        [#"datetime_parsing body.completed_at: \#(noInstant) ("9999-12-31T23:59:59-01:00")"#]
      ),
      ("intensity", #"{"week_number":1,"day_number":1,"intensity_rating":null}"#, [#"enum body.intensity_rating: \#(noRating) (null)"#]),
      (
        "schedule", #"{"week_number":1,"day_number":1}"#,
        [#"missing body.scheduled_date: Field required ({"day_number":1,"week_number":1})"#]
      ),
      (
        "exercises", #"{"week_number":1,"day_number":1,"exercise":[]}"#,
        ["model_attributes_type body.exercise: \(noObject) ([])"]
      ),
      (
        "exercises", #"{"week_number":1,"day_number":1,"exercise":{"exercise_id":""}}"#,
        [#"value_error body.exercise.exercise_id: \#(noExerciseID) ("")"#]
      ),
      (
        "exercises", #"{"week_number":1,"day_number":1,"exercise":{"reps":5}}"#,
        [#"missing body.exercise.exercise_id: Field required ({"reps":5})"#]
      ),
      ("complete", "[]", ["model_attributes_type body: \(noObject) ([])"]),
      ("bulk-sync", "{}", ["list_type body: Input should be a valid list ({})"]),
      (
        "bulk-sync", #"[{"week_number":1,"day_number":1},{"week_number":1},7]"#,
        [#"missing body.1.day_number: Field required ({"week_number":1})"#, "model_attributes_type body.2: \(noObject) (7)"]
      ),
      ("complete", "", ["json_invalid body: JSON decode error: line 1, column 1: the text is empty ({})"]),
      (
        "complete", #"{"week_number":1,"week_number":1}"#,
        [#"json_invalid body: JSON decode error: line 1, column 18: the name "week_number" is repeated ({})"#]
      ),
    ] as [(String, String, [String])])
  func bodies(call: String, body: String, problems: [String]) async throws {
    try await withServer { client in
      for program in ["p1", "absent"] {
        let answer = try await client.send("POST", "/api/progress/\(program)/\(call)", body)
        #expect(answer.status == 422)
        #expect(answer.problems == problems)
      }
      let progress = try await client.send("GET", "/api/progress/p1").body
      #expect(progress.contains(#""logs":[]"#))
    }
  }

  @Test(
    "What is not the call's business is ignored",
    arguments: [
      ("complete", #"{"week_number":1,"day_number":1,"recorded_at":17,"x":{}}"#),
      ("complete", #"{"week_number":1.0,"day_number":1e0,"completed_at":null,"intensity_rating":null,"scheduled_date":null}"#),
      ("uncomplete", #"{"week_number":1,"day_number":1,"intensity_rating":["anything"]}"#),
    ])
  func ignored(call: String, body: String) async throws {
    try await withServer { client in
      _ = try await client.post("complete", #"{"week_number":1,"day_number":1}"#)
      #expect(try await client.post(call, body).status == 200)
    }
  }

  @Test(
    "A program's document is checked as far as the server reads it",
    arguments: [
      ("{}", ["missing body.title: Field required ({})", "missing body.weeks: Field required ({})"]),
      (
        #"{"title":"","weeks":{}}"#,
        [
          #"string_too_short body.title: String should have at least 1 character ("")"#,
          "list_type body.weeks: Input should be a valid list ({})",
        ]
      ),
      (
        #"{"title":1,"weeks":[{"weekNumber":1,"sessions":[{"dayNumber":0},3]},{}]}"#,
        [
          "string_type body.title: Input should be a valid string (1)",
          "greater_than_equal body.weeks.0.sessions.0.dayNumber: Input should be greater than or equal to 1 (0)",
          "model_attributes_type body.weeks.0.sessions.1: \(noObject) (3)",
          "missing body.weeks.1.weekNumber: Field required ({})", "missing body.weeks.1.sessions: Field required ({})",
        ]
      ),
      (
        #"{"title":"T","weeks":[{"weekNumber":1,"sessions":[{"dayNumber":2},{"dayNumber":2}]}]}"#,
        [
          "value_error body.weeks: Value error, week 1 has day 2 more than once "
            + #"([{"sessions":[{"dayNumber":2},{"dayNumber":2}],"weekNumber":1}])"#
        ]
      ),
    ] as [(String, [String])])
  func programs(document: String, problems: [String]) async throws {
    try await withServer { client in
      let answer = try await client.send("PUT", "/api/programs/p2", document)
      #expect(answer.status == 422)
      #expect(answer.problems == problems)
      #expect(try await client.send("GET", "/api/programs/p2").status == 404)
    }
  }

  @Test(
    "What a path names is checked too",
    arguments: [
      ("/api/progress/p1/week/x", #"int_type path.week_number: Input should be a valid integer ("x")"#),
      ("/api/progress/p1/week/0", #"greater_than_equal path.week_number: Input should be greater than or equal to 1 ("0")"#),
      (
        "/api/progress/p1/week/99999999999999999999",
        #"int_type path.week_number: Input should be a valid integer ("99999999999999999999")"#
      ),
      (
        "/api/progress/p%201",
        #"value_error path.program_id: Value error, must be 1 to 128 of A-Z a-z 0-9 . _ ~ - and neither . nor .. ("p%201")"#
      ),
    ])
  func paths(path: String, problem: String) async throws {
    try await withServer { client in
      let answer = try await client.send("GET", path)
      #expect(answer.status == 422)
      #expect(answer.problems == [problem])
    }
  }

  @Test("A list of thousands of problems is cut, and long inputs are described")
  func longAnswers() async throws {
    try await withServer { client in
      let item = #"{"week_number":"\#(String(repeating: "x", count: 10_000))","day_number":1}"#
      let answer = try await client.post("bulk-sync", "[" + Array(repeating: item, count: 100).joined(separator: ",") + "]")
      #expect(answer.problems.count == 50)
      #expect(answer.body.utf8.count < 20_000)
    }
  }
}
