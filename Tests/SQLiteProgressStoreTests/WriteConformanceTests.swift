import ProgressModel
import ProgressStore
import Testing

@Suite("Writing progress") struct WriteConformanceTests {
  @Test("The first write to a session makes its log", arguments: StoreEngine.all)
  func firstWrite(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      try await store.saveProgram()
      let log = try await store.apply(done, to: session(), at: "2026-01-28T15:30:00.250Z")
      let arrival = try instant("2026-01-28T15:30:00.250Z")
      #expect(log.completed && log.completedAt == arrival && log.createdAt == arrival && log.updatedAt == arrival)
      #expect(log.feedback.isEmpty)
      #expect(try await store.logs() == [log])
    }
  }

  @Test("A write leaves alone what it does not name", arguments: StoreEngine.all)
  func fieldsAreIndependent(engine: StoreEngine) async throws {
    let steps: [(Action.Change, String)] = [
      (.rate(.easy), #"1-1 open - {"intensityRating":"easy"}"#),
      (try scheduled("2026-01-30"), #"1-1 open - {"intensityRating":"easy","scheduledDate":"2026-01-30"}"#),
      (
        .complete(at: try instant("2026-01-28T08:00:00Z"), rating: .hard, scheduled: nil),
        #"1-1 done 2026-01-28T08:00:00Z {"intensityRating":"hard","scheduledDate":"2026-01-30"}"#
      ),
      (done, #"1-1 done 2026-02-01T12:00:00Z {"intensityRating":"hard","scheduledDate":"2026-01-30"}"#),
      (.rate(.perfect), #"1-1 done 2026-02-01T12:00:00Z {"intensityRating":"perfect","scheduledDate":"2026-01-30"}"#),
      (.uncomplete, #"1-1 open - {"intensityRating":"perfect","scheduledDate":"2026-01-30"}"#),
      (
        try exercise(#"{"exercise_id":"squat","weight":102.50}"#),
        #"1-1 open - {"exerciseLogs":[{"exercise_id":"squat","weight":102.50}],"intensityRating":"perfect","scheduledDate":"2026-01-30"}"#
      ),
    ]
    try await engine.withStore { store in
      try await store.saveProgram()
      for (change, expected) in steps {
        #expect(try await store.apply(change, to: session(), at: "2026-02-01T12:00:00Z").summary == expected)
      }
      #expect(try await store.logs().count == 1)
    }
  }

  @Test("The newest log of an exercise replaces the older one as a whole, and no other", arguments: StoreEngine.all)
  func exercises(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      try await store.saveProgram()
      let logs = [
        #"{"exercise_id":"squat","notes":"slow","reps":5}"#, #"{"exercise_id":"bench","sets":[{"reps":5,"rpe":null}]}"#,
        #"{"exercise_id":"Squat's \"é\"","reps":12345678901234567890.10}"#, #"{"exercise_id":"squat","reps":6}"#,
      ]
      for log in logs { _ = try await store.apply(exercise(log), to: session()) }
      let stored = try await store.logs().first?.feedback[FeedbackName.exerciseLogs]
      #expect(stored?.serialized == "[\(logs[1]),\(logs[2]),\(logs[3])]")
    }
  }

  @Test("Undoing a session that was never written says so and writes nothing", arguments: StoreEngine.all)
  func undoingNothing(engine: StoreEngine) async throws {
    let missing = ProgressStoreError.noProgressLog(try session())
    try await engine.withStore { store in
      try await store.saveProgram()
      await #expect(throws: missing) { try await store.apply(.uncomplete, to: session()) }
      #expect(try await store.logs().isEmpty)
    }
  }

  @Test("A missing program is noticed before a missing log", arguments: StoreEngine.all)
  func missingProgram(engine: StoreEngine) async throws {
    let missing = ProgressStoreError.noProgram(try programID())
    try await engine.withStore { store in
      for change in [done, .uncomplete, .rate(.easy)] {
        await #expect(throws: missing) { try await store.apply(change, to: session()) }
      }
    }
  }

  @Test("Actions are applied in order, all of them or none", arguments: StoreEngine.all)
  func allOrNothing(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      try await store.saveProgram()
      let arrival = try instant("2026-01-28T15:30:00Z")
      let good = try [
        Action(session: session(1, 1), change: .complete(at: nil, rating: .easy, scheduled: nil)),
        Action(session: session(1, 2), change: done),
        Action(session: session(1, 1), change: .complete(at: nil, rating: .hard, scheduled: nil)),
      ]
      let undoNothing = Action(session: try session(9, 9), change: .uncomplete)
      await #expect(throws: ProgressStoreError.noProgressLog(undoNothing.session)) {
        try await store.apply(good + [undoNothing], of: user, at: arrival)
      }
      let elsewhere = Action(session: try session(in: "p2"), change: done)
      await #expect(throws: ProgressStoreError.noProgram(elsewhere.session.program)) {
        try await store.apply(good + [elsewhere], of: user, at: arrival)
      }
      #expect(try await store.logs().isEmpty)

      let logs = try await store.apply(good, of: user, at: arrival)
      #expect(logs.map(\.feedback["intensityRating"]?.string) == ["easy", nil, "hard"])
      #expect(try await store.logs() == [logs[2], logs[1]])
    }
  }

  @Test("Parallel first writes to one session, from two stores, make one log and no error", arguments: StoreEngine.all)
  func parallelFirstWrites(engine: StoreEngine) async throws {
    try await engine.withStores(2) { stores in
      try await stores[0].saveProgram()
      let changes: [Action.Change] = [done, .rate(.hard), try scheduled("2026-01-30"), try exercise(#"{"exercise_id":"squat"}"#)]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<64 {
          group.addTask { _ = try await stores[index % 2].apply(changes[index / 2 % 4], to: session()) }
        }
        try await group.waitForAll()
      }
      let expected =
        #"1-1 done 2026-01-28T15:30:00Z {"exerciseLogs":[{"exercise_id":"squat"}],"intensityRating":"hard","scheduledDate":"2026-01-30"}"#
      #expect(try await stores[1].logs().map(\.summary) == [expected])
    }
  }
}
