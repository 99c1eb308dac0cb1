import ProgressModel
import Testing

@Suite("An action file")
struct ActionFileTests {
  private static let session = "\"program_id\":\"p1\",\"week_number\":1,\"day_number\":3"

  @Test(
    "holds each kind of action",
    arguments: [
      (#""action":"complete""#, .complete(at: nil, rating: nil, scheduled: nil)),
      (
        #""action":"complete","completed_at":"2026-01-28T16:30:00+01:00","intensity_rating":"hard","scheduled_date":"2026-01-29""#,
        .complete(at: Timestamp(rfc3339: "2026-01-28T15:30:00Z"), rating: .hard, scheduled: ScheduledDate("2026-01-29"))
      ),
      (#""action":"complete","completed_at":null,"intensity_rating":null"#, .complete(at: nil, rating: nil, scheduled: nil)),
      (#""action":"uncomplete""#, .uncomplete),
      (#""action":"intensity","intensity_rating":"easy""#, .rate(.easy)),
      (#""action":"intensity","intensity_rating":"perfect""#, .rate(.perfect)),
    ] as [(String, Action.Change)])
  func kinds(fields: String, change: Action.Change) throws {
    let action = try #require(try parse("{\(Self.session),\(fields)}").first)
    #expect(action.change == change)
    #expect(action.session.description == "p1-1-3")
    #expect(action.id == nil)
    #expect(action.recordedAt == nil)
  }

  @Test("schedules for a day or for an instant", arguments: ["2026-01-28", "2026-01-28T15:30:00Z"])
  func schedule(date: String) throws {
    let expected = try #require(ScheduledDate(date))
    let actions = try parse("{\(Self.session),\"action\":\"schedule\",\"scheduled_date\":\"\(date)\"}")
    #expect(actions.map(\.change) == [.schedule(expected)])
    #expect(expected.description == date)
  }

  @Test("passes an exercise through as it is")
  func exercise() throws {
    let log = #"{"exercise_id":"squat","notes":null,"sets":[{"reps":5,"weight":102.50}]}"#
    let actions = try parse("{\(Self.session),\"action\":\"exercise\",\"exercise\":\(log)}")
    guard case .logExercise(let exercise) = try #require(actions.first).change else {
      Issue.record("not an exercise")
      return
    }
    #expect(exercise.id == "squat")
    #expect(JSONValue.object(exercise.fields).serialized == log)
  }

  @Test("carries the client's own id and the instant of the deed")
  func common() throws {
    let id = String(repeating: "~", count: 128)
    let text = "{\(Self.session),\"action\":\"uncomplete\",\"id\":\"\(id)\",\"recorded_at\":\"2026-01-28T15:30:00Z\"}"
    let action = try #require(try parse(text).first)
    #expect(action.id?.text == id)
    #expect(action.recordedAt == Timestamp(rfc3339: "2026-01-28T15:30:00Z"))
  }

  @Test("takes whole numbers however they are spelled", arguments: ["1", "1000", "3.0", "1e2", "1E+3", "30e-1"])
  func numbers(literal: String) throws {
    #expect(try parse("{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":\(literal),\"day_number\":1}").count == 1)
  }

  @Test("takes every proper program", arguments: ["p", "A.Z_a~z-09", "...", ".a", "-", String(repeating: "p", count: 128)])
  func programs(program: String) throws {
    #expect(ProgramID(program)?.description == program)
    #expect(try parse("{\"action\":\"uncomplete\",\"program_id\":\"\(program)\",\"week_number\":1,\"day_number\":1}").count == 1)
  }

  @Test("may be an array of up to 1000 actions, in order")
  func arrays() throws {
    let texts = (1...1_000).map { "{\"action\":\"uncomplete\",\"program_id\":\"p\",\"week_number\":1,\"day_number\":\($0)}" }
    let bytes = Array("[\(texts.joined(separator: ","))]".utf8)
    #expect(try ActionFile.parse(bytes).map(\.session.day) == Array(1...1_000))
    #expect(try parse("[\(texts[0])]").count == 1)
  }

  @Test(
    "survives being written and read",
    arguments: [
      #""action":"complete""#,
      #""action":"complete","completed_at":"2026-01-28T15:30:00.5Z","intensity_rating":"easy","scheduled_date":"2026-01-28T15:30:00Z""#,
      #""action":"uncomplete","id":"7","recorded_at":"1969-01-28T15:30:00Z""#,
      #""action":"intensity","intensity_rating":"hard""#,
      #""action":"schedule","scheduled_date":"2026-02-28""#,
      #""action":"exercise","exercise":{"exercise_id":"Kniebeuge \"tief\" 🏋","é":[1.50,-0,{"x":"\u0000\u2028"}]}"#,
    ])
  func roundTrip(fields: String) throws {
    let actions = try parse("{\(Self.session),\(fields)}")
    let action = try #require(actions.first)
    let bytes = ActionFile.serialize(action)
    #expect(try ActionFile.parse(bytes) == actions)
    #expect(bytes.last == 0x0a)
  }

  @Test("is written compactly, on one line")
  func serialized() throws {
    let action = Action(session: try .sample(), change: .rate(.hard), id: ActionID("a-1"), recordedAt: Timestamp(milliseconds: 0))
    let text =
      #"{"action":"intensity","day_number":3,"id":"a-1","intensity_rating":"hard","program_id":"p1","#
      + #""recorded_at":"1970-01-01T00:00:00Z","week_number":1}"# + "\n"
    #expect(String(decoding: ActionFile.serialize(action), as: UTF8.self) == text)
  }

  private func parse(_ text: String) throws -> [Action] { try ActionFile.parse(Array(text.utf8)) }
}
