import ProgressModel
import Testing

@Suite("A call of the progress API")
struct ProgressCallTests {
  private static let at = Timestamp(milliseconds: 1_769_614_200_500)
  private static let recorded = Timestamp(milliseconds: 1_769_614_200_000)

  @Test(
    "has the path and the body of the contract, in both spellings of instants",
    arguments: [
      (
        .complete(at: at, rating: nil, scheduled: nil), "complete",
        #"{"completed_at":"2026-01-28T15:30:00.500Z","day_number":3,"recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#
      ),
      (
        .complete(at: recorded, rating: .hard, scheduled: .instant(at)), "complete",
        #"{"completed_at":"2026-01-28T15:30:00Z","day_number":3,"intensity_rating":"hard","#
          + #""recorded_at":"2026-01-28T15:30:00Z","scheduled_date":"2026-01-28T15:30:00.500Z","week_number":1}"#
      ),
      (
        .uncomplete, "uncomplete",
        #"{"day_number":3,"intensity_rating":"","recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#
      ),
      (
        .intensity(.perfect), "intensity",
        #"{"day_number":3,"intensity_rating":"perfect","recorded_at":"2026-01-28T15:30:00Z","week_number":1}"#
      ),
      (
        .schedule(.instant(recorded)), "schedule",
        #"{"day_number":3,"recorded_at":"2026-01-28T15:30:00Z","scheduled_date":"2026-01-28T15:30:00Z","week_number":1}"#
      ),
    ] as [(SessionUpdate.Change, String, String)])
  func contract(change: SessionUpdate.Change, endpoint: String, body: String) throws {
    let call = try call(change)
    #expect(call.path == "/api/progress/p1/\(endpoint)")
    #expect(call.body(timestamps: .utc) == body)
    #expect(call.body(timestamps: .naive) == body.replacing("Z\"", with: "\""))
  }

  @Test("sends a planned day as it is", arguments: TimestampStyle.allCases)
  func plannedDay(style: TimestampStyle) throws {
    let day = try #require(ScheduledDate("2026-01-28"))
    let body = try call(.schedule(day)).body(timestamps: style)
    #expect(body.contains(#""scheduled_date":"2026-01-28","#))
  }

  @Test("sends an exercise as the client wrote it, in either spelling", arguments: TimestampStyle.allCases)
  func exercise(style: TimestampStyle) throws {
    let fields: [String: JSONValue] = [
      "exercise_id": .string("squat"), "weight": .number(literal: "102.50"), "at": .string("2026-01-28T15:30:00Z"),
    ]
    let log = try #require(ExerciseLog(fields: fields))
    let call = try call(.exercise(log))
    #expect(call.path == "/api/progress/p1/exercises")
    #expect(
      call.body(timestamps: style).contains(#""exercise":{"at":"2026-01-28T15:30:00Z","exercise_id":"squat","weight":102.50}"#))
  }

  @Test("for many sessions is the list of what each would be sent")
  func bulk() throws {
    let update = SessionUpdate(
      session: try .sample(), change: .complete(at: Self.recorded, rating: .easy, scheduled: nil), recordedAt: Self.recorded)
    let call = ProgressCall.bulkSync(update.session.program, [update, update])
    #expect(call.path == "/api/progress/p1/bulk-sync")
    let item = ProgressCall.single(update).body(timestamps: .naive)
    #expect(call.body(timestamps: .naive) == "[\(item),\(item)]")
  }

  private func call(_ change: SessionUpdate.Change) throws -> ProgressCall {
    .single(SessionUpdate(session: try .sample(), change: change, recordedAt: Self.recorded))
  }
}
