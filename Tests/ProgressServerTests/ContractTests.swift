import HummingbirdTesting
import Testing

@Suite("The contract") struct ContractTests {
  private static let log = #""created_at":"2026-01-28T15:30:00Z","day_number":1,"#

  @Test("Every write answers in its shape")
  func writes() async throws {
    let steps: [(call: String, body: String, answer: String)] = [
      (
        "complete", #"{"week_number":1,"day_number":1,"intensity_rating":"easy","scheduled_date":"2026-01-27"}"#,
        #"{"message":"Week 1 day 1 is completed","progress_log":{"completed":true,"completed_at":"2026-01-28T15:30:00Z","#
          + Self.log
          + #""feedback":{"intensityRating":"easy","scheduledDate":"2026-01-27"},"id":1,"program_id":"p1","week_number":1},"success":true}"#
      ),
      (
        "uncomplete", #"{"week_number":1,"day_number":1,"intensity_rating":""}"#,
        #"{"message":"Week 1 day 1 is not completed","progress_log":{"completed":false,"completed_at":null,"#
          + Self.log
          + #""feedback":{"intensityRating":"easy","scheduledDate":"2026-01-27"},"id":1,"program_id":"p1","week_number":1},"success":true}"#
      ),
      (
        "intensity", #"{"week_number":1,"day_number":1,"intensity_rating":"hard"}"#,
        #"{"intensity_rating":"hard","message":"Week 1 day 1 is rated hard","success":true}"#
      ),
      (
        "schedule", #"{"week_number":1,"day_number":1,"scheduled_date":"2026-01-30"}"#,
        #"{"message":"Week 1 day 1 is scheduled for 2026-01-30","scheduled_date":"2026-01-30","session_id":"1-1","success":true}"#
      ),
      (
        "exercises", #"{"week_number":1,"day_number":1,"exercise":{"exercise_id":"squat","weight":102.50}}"#,
        #"{"message":"Week 1 day 1 has the log of squat","progress_log":{"completed":false,"completed_at":null,"#
          + Self.log + #""feedback":{"exerciseLogs":[{"exercise_id":"squat","weight":102.50}],"intensityRating":"hard","#
          + #""scheduledDate":"2026-01-30"},"id":1,"program_id":"p1","week_number":1},"success":true}"#
      ),
      (
        "bulk-sync", #"[{"week_number":1,"day_number":2},{"week_number":1,"day_number":1},{"week_number":1,"day_number":2}]"#,
        #"{"message":"Completed 3 sessions","success":true,"synced_count":3}"#
      ),
      ("bulk-sync", "[]", #"{"message":"Completed 0 sessions","success":true,"synced_count":0}"#),
    ]
    try await withServer { client in
      for step in steps { expect(try await client.post(step.call, step.body), 200, step.answer) }
    }
  }

  @Test("Progress is read ordered, with its rate, as a whole and by week")
  func reads() async throws {
    try await withServer { client in
      let empty = #"{"completed_sessions":0,"completion_rate":0.0,"logs":[],"program_id":"p1","total_sessions":3}"#
      expect(try await client.send("GET", "/api/progress/p1"), 200, empty)
      _ = try await client.post("bulk-sync", #"[{"week_number":2,"day_number":1},{"week_number":1,"day_number":1}]"#)
      _ = try await client.post("uncomplete", #"{"week_number":2,"day_number":1}"#)
      let first =
        #"{"completed":true,"completed_at":"2026-01-28T15:30:00Z","created_at":"2026-01-28T15:30:00Z","day_number":1,"#
        + #""feedback":{},"id":2,"program_id":"p1","week_number":1}"#
      let second =
        #"{"completed":false,"completed_at":null,"created_at":"2026-01-28T15:30:00Z","day_number":1,"#
        + #""feedback":{},"id":1,"program_id":"p1","week_number":2}"#
      let whole =
        #"{"completed_sessions":1,"completion_rate":0.3333333333333333,"logs":[\#(first),\#(second)],"#
        + #""program_id":"p1","total_sessions":3}"#
      expect(try await client.send("GET", "/api/progress/p1"), 200, whole)
      let week = #"{"program_id":"p1","sessions":[\#(second)],"week_number":2}"#
      expect(try await client.send("GET", "/api/progress/p1/week/2"), 200, week)
    }
  }

  @Test("The rate of a program without sessions is 0")
  func emptyPlan() async throws {
    try await withServer { client in
      #expect(try await client.send("PUT", "/api/programs/p2", #"{"title":"Nothing","weeks":[]}"#).status == 201)
      let progress = try await client.send("GET", "/api/progress/p2").body
      #expect(progress.contains(#""completion_rate":0.0"#))
    }
  }

  @Test(
    "Instants come back in UTC with their zone, however they were given",
    arguments: [
      ("2026-01-28T15:30:00Z", "2026-01-28T15:30:00Z"), ("2026-01-28T15:30:00+02:00", "2026-01-28T13:30:00Z"),
      ("2026-01-28T15:30:00", "2026-01-28T15:30:00Z"), ("2026-01-28T15:30:00.250999", "2026-01-28T15:30:00.250Z"),
      ("2026-01-28 15:30:00.5", "2026-01-28T15:30:00.500Z"),
    ])
  func instants(given: String, returned: String) async throws {
    try await withServer { client in
      let body = #"{"week_number":1,"day_number":1,"completed_at":"\#(given)","scheduled_date":"\#(given)"}"#
      let answer = try await client.post("complete", body)
      #expect(answer.body.contains(#""completed_at":"\#(returned)""#) && answer.body.contains(#""scheduledDate":"\#(returned)""#))
    }
  }

  @Test("Programs are kept as given, listed, replaced and deleted")
  func programs() async throws {
    try await withServer { client in
      expect(try await client.send("GET", "/api/programs/p1"), 200, samplePlan)
      let listing =
        #"{"programs":[{"created_at":"2026-01-28T15:30:00Z","id":"p1","title":"Base","total_sessions":3,"updated_at":"2026-01-28T15:30:00Z"}]}"#
      expect(try await client.send("GET", "/api/programs"), 200, listing)
      let replaced = #"{"message":"Program replaced","program_id":"p1","success":true,"total_sessions":3}"#
      expect(try await client.send("PUT", "/api/programs/p1", samplePlan), 200, replaced)
      expect(try await client.send("DELETE", "/api/programs/p1"), 204, "")
      expect(try await client.send("GET", "/api/programs"), 200, #"{"programs":[]}"#)
    }
  }

  @Test(
    "What is not there is a 404 that says what",
    arguments: [
      ("GET", "/api/progress/p2", "", "Program not found"), ("GET", "/api/progress/p2/week/1", "", "Program not found"),
      ("POST", "/api/progress/p2/complete", #"{"week_number":1,"day_number":1}"#, "Program not found"),
      ("POST", "/api/progress/p2/uncomplete", #"{"week_number":1,"day_number":1}"#, "Program not found"),
      ("POST", "/api/progress/p2/bulk-sync", "[]", "Program not found"),
      ("POST", "/api/progress/p1/uncomplete", #"{"week_number":1,"day_number":1}"#, "No progress log found for this session"),
      ("GET", "/api/programs/p2", "", "Program not found"), ("DELETE", "/api/programs/p2", "", "Program not found"),
      ("GET", "/api/nothing", "", "Not Found"), ("POST", "/", "", "Not Found"), ("POST", "/api/progress/p1/erase", "{}", "Not Found"),
    ])
  func missing(method: String, path: String, body: String, detail: String) async throws {
    try await withServer { client in
      expect(try await client.send(method, path, body), 404, #"{"detail":"\#(detail)"}"#)
    }
  }

  @Test(
    "A wrong method is a 405",
    arguments: [
      ("GET", "/api/progress/p1/complete"), ("DELETE", "/api/progress/p1"), ("POST", "/api/programs/p1"), ("PUT", "/health"),
    ])
  func wrongMethod(method: String, path: String) async throws {
    try await withServer { client in
      expect(try await client.send(method, path), 405, #"{"detail":"Method Not Allowed"}"#)
    }
  }

  @Test("Health answers for the database")
  func health() async throws {
    try await withServer { client in
      expect(try await client.send("GET", "/health"), 200, #"{"status":"ok"}"#)
    }
  }
}
