import ProgressModel
import ProgressStore
import Testing

@Suite("Programs and what is read of them") struct ProgramConformanceTests {
  @Test("A program's document comes back to the byte, and replacing it keeps the progress", arguments: StoreEngine.all)
  func replacing(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      let first = Program(id: try programID(), title: "One", totalSessions: 2, document: "{ \"title\" : \"One\", \"x\": 1.50 }\n")
      let second = Program(
        id: try programID(), title: "Two \u{1F3CB}", totalSessions: 4, document: #"{"title":"Two \ud83c\udfcb","a\u0000b":[]}"#)
      let (created, replaced) = (try instant("2026-01-01T00:00:00Z"), try instant("2026-01-02T00:00:00Z"))
      #expect(try await store.save(first, of: user, at: created))
      _ = try await store.apply(done, to: session())
      #expect(try await store.program(first.id, of: user) == first)
      #expect(try await store.save(second, of: user, at: replaced) == false)
      #expect(try await store.program(first.id, of: user) == second)
      let summary = ProgramSummary(id: second.id, title: second.title, totalSessions: 4, createdAt: created, updatedAt: replaced)
      #expect(try await store.programs(of: user) == [summary])
      let progress = try await store.progress(in: first.id, week: nil, of: user)
      #expect(progress.totalSessions == 4 && progress.logs.count == 1)
    }
  }

  @Test("Logs are ordered by week and day, and a week's are only its own", arguments: StoreEngine.all)
  func ordering(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      try await store.saveProgram()
      try await store.saveProgram("p2")
      for (week, day) in [(10, 1), (2, 11), (2, 2), (1, 1_000), (1_000, 1)] { _ = try await store.apply(done, to: session(week, day)) }
      _ = try await store.apply(done, to: session(2, 3, in: "p2"))
      let sessions = try await store.logs().map { [$0.session.week, $0.session.day] }
      #expect(sessions == [[1, 1_000], [2, 2], [2, 11], [10, 1], [1_000, 1]])
      #expect(try await store.logs(week: 2).map(\.session.day) == [2, 11])
      #expect(try await store.logs(week: 3).isEmpty)
    }
  }

  @Test("Deleting a program deletes its progress and no other's", arguments: StoreEngine.all)
  func deleting(engine: StoreEngine) async throws {
    let missing = ProgressStoreError.noProgram(try programID())
    try await engine.withStore { store in
      for program in ["p1", "p2"] {
        try await store.saveProgram(program)
        _ = try await store.apply(done, to: session(in: program))
      }
      try await store.deleteProgram(programID(), of: user)
      await #expect(throws: missing) { try await store.logs() }
      await #expect(throws: missing) { try await store.deleteProgram(programID(), of: user) }
      #expect(try await store.logs(in: "p2").count == 1)
      try await store.saveProgram()
      #expect(try await store.logs().isEmpty)
    }
  }

  @Test("A user sees and changes only their own", arguments: StoreEngine.all)
  func users(engine: StoreEngine) async throws {
    let other = UserID("other")
    let missing = ProgressStoreError.noProgram(try programID())
    try await engine.withStore { store in
      try await store.saveProgram(of: user)
      _ = try await store.apply(.rate(.easy), to: session())
      await #expect(throws: missing) { try await store.logs(of: other) }
      await #expect(throws: missing) { try await store.program(programID(), of: other) }
      await #expect(throws: missing) { try await store.deleteProgram(programID(), of: other) }
      #expect(try await store.programs(of: other).isEmpty)
      try await store.saveProgram(of: other)
      #expect(try await store.logs(of: other).isEmpty)
      #expect(try await store.logs(of: user).count == 1)
    }
  }

  @Test("A store that can be used says so", arguments: StoreEngine.all)
  func checking(engine: StoreEngine) async throws {
    try await engine.withStore { store in
      await #expect(throws: Never.self) { try await store.check() }
    }
  }
}
