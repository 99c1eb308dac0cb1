import ProgressModel
import SyncPolicy
import TestSupport
import Testing

@testable import APIClient

@Suite("Requests on the wire")
struct RequestTests {
  @Test(
    "Every kind of call is sent exactly like this",
    arguments: [
      (
        "complete", .utc,
        #"{"completed_at":"2026-01-28T15:30:00Z","day_number":3,"intensity_rating":"hard","recorded_at":"2026-01-28T15:30:00Z","scheduled_date":"2026-02-01","week_number":1}"#
      ),
      (
        "complete", .naive,
        #"{"completed_at":"2026-01-28T15:30:00","day_number":3,"intensity_rating":"hard","recorded_at":"2026-01-28T15:30:00","scheduled_date":"2026-02-01","week_number":1}"#
      ),
      ("uncomplete", .utc, #"{"day_number":3,"intensity_rating":"","recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#),
      ("intensity", .utc, #"{"day_number":3,"intensity_rating":"easy","recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#),
      ("schedule", .naive, #"{"day_number":3,"recorded_at":"2026-01-28T15:30:00","scheduled_date":"2026-02-01","week_number":1}"#),
      (
        "exercises", .utc,
        #"{"day_number":3,"exercise":{"exercise_id":"squat","weight":102.50},"recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#
      ),
    ] as [(String, TimestampStyle, String)])
  func bytes(endpoint: String, style: TimestampStyle, body: String) async throws {
    try await ScriptedServer.run([.answer()]) { server in
      var settings = try APIClientSettings(port: server.port)
      settings.timestamps = style
      settings.token = try BearerToken("s3cret")
      let call = try call(change(endpoint))
      try await withClient(settings) { client in
        #expect(await client.deliver(call) == .delivered)
      }
      let head = """
        POST /api/progress/p1/\(endpoint) HTTP/1.1\r
        User-Agent: progress-syncd/1.2.3\r
        Accept: application/json\r
        Content-Type: application/json\r
        Authorization: Bearer s3cret\r
        Idempotency-Key: key-1\r
        host: 127.0.0.1:\(server.port)\r
        Content-Length: \(body.utf8.count)\r
        \r

        """
      #expect(server.record.requests == [head + body])
    }
  }

  @Test("Without a token there is no Authorization, and the base URL's path comes first")
  func plain() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      let settings = APIClientSettings(baseURL: try APIBaseURL("http://localhost:\(server.port)/training/v1/"))
      try await withClient(settings) { client in
        #expect(await client.deliver(call()) == .delivered)
      }
      let request = try #require(server.record.requests.first)
      #expect(request.hasPrefix("POST /training/v1/api/progress/p1/uncomplete HTTP/1.1\r\n"))
      #expect(!request.contains("Authorization"))
    }
  }

  private func change(_ endpoint: String) throws -> SessionUpdate.Change {
    let date = try #require(CalendarDate("2026-02-01").map(ScheduledDate.day))
    return switch endpoint {
    case "complete": .complete(at: halfPastThree, rating: .hard, scheduled: date)
    case "uncomplete": .uncomplete
    case "intensity": .intensity(.easy)
    case "schedule": .schedule(date)
    default: .exercise(try #require(ExerciseLog(fields: ["exercise_id": .string("squat"), "weight": .number(literal: "102.50")])))
    }
  }
}
