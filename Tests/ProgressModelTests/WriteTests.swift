import ProgressModel
import Testing

@Suite("An action becomes writes")
struct WriteTests {
  private let dropped = Timestamp(milliseconds: 1_769_614_200_000)
  private let earlier = Timestamp(milliseconds: 1_769_614_100_000)

  @Test("a complete is one write for each field that it sets")
  func complete() throws {
    let date = try #require(ScheduledDate("2026-01-29"))
    let all = try action(.complete(at: earlier, rating: .hard, scheduled: date)).writes(droppedAt: dropped)
    #expect(all.map(\.value) == [.done(at: earlier), .rating(.hard), .scheduled(date)])
    #expect(all.map(\.key.description) == ["complete-p1-1-3", "intensity-p1-1-3", "schedule-p1-1-3"])
    #expect(all.allSatisfy { $0.recordedAt == dropped })
    let bare = try action(.complete(at: nil, rating: nil, scheduled: nil)).writes(droppedAt: dropped)
    #expect(bare.map(\.value) == [.done(at: dropped)])
  }

  @Test("every other action is one write")
  func others() throws {
    let date = try #require(ScheduledDate("2026-01-29"))
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("front squat")]))
    let table: [(Action.Change, WriteValue, String)] = [
      (.uncomplete, .undone, "complete-p1-1-3"),
      (.rate(.easy), .rating(.easy), "intensity-p1-1-3"),
      (.schedule(date), .scheduled(date), "schedule-p1-1-3"),
      (.logExercise(log), .exercise(log), "exercise-p1-1-3-front squat"),
    ]
    for (change, value, key) in table {
      let writes = try action(change).writes(droppedAt: dropped)
      #expect(writes.map(\.value) == [value])
      #expect(writes.map(\.key.description) == [key])
    }
  }

  @Test("done and undone share a key; fields, exercises and sessions do not")
  func keys() throws {
    let session = try Session.sample()
    let other = try Session.sample(day: 4)
    let done = Write(session: session, value: .done(at: earlier), recordedAt: dropped)
    #expect(done.key == Write(session: session, value: .undone, recordedAt: earlier).key)
    let fields: [Field] = [.completion, .intensity, .schedule, .exercise(id: "a"), .exercise(id: "b")]
    #expect(Set([session, other].flatMap { session in fields.map { WriteKey(session: session, field: $0) } }).count == 10)
  }

  @Test("two keys may read alike and are still two")
  func lookAlikes() throws {
    let left = WriteKey(session: try .sample("p", week: 1, day: 2), field: .exercise(id: "3-squat"))
    let right = WriteKey(session: try .sample("p-1", week: 2, day: 3), field: .exercise(id: "squat"))
    #expect(left.description == right.description)
    #expect(left != right)
  }

  @Test("nothing is recorded later than it was dropped")
  func recordedAt() throws {
    let future = Timestamp(milliseconds: dropped.milliseconds + 1)
    #expect(try action(.uncomplete, recordedAt: earlier).writes(droppedAt: dropped).map(\.recordedAt) == [earlier])
    #expect(try action(.uncomplete, recordedAt: future).writes(droppedAt: dropped).map(\.recordedAt) == [dropped])
    #expect(try action(.uncomplete).writes(droppedAt: dropped).map(\.recordedAt) == [dropped])
  }

  @Test(
    "a session is counted from 1 to 1000", arguments: [(1, 1, true), (1_000, 1_000, true), (0, 1, false), (1, 0, false), (1_001, 1, false)])
  func sessions(week: Int, day: Int, exists: Bool) throws {
    let program = try #require(ProgramID("p"))
    #expect((Session(program: program, week: week, day: day) != nil) == exists)
  }

  private func action(_ change: Action.Change, recordedAt: Timestamp? = nil) throws -> Action {
    Action(session: try .sample(), change: change, recordedAt: recordedAt)
  }
}

extension Session {
  static func sample(_ program: String = "p1", week: Int = 1, day: Int = 3) throws -> Session {
    let program = try #require(ProgramID(program))
    return try #require(Session(program: program, week: week, day: day))
  }
}
