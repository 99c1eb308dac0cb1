import GRDB
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The built program itself, as an operator meets it.
@Suite("progress-api") struct ProgramTests {
  @Test("It says that authentication is off and where it listens, and stops at a signal with 0", arguments: [Signal.terminate, .interrupt])
  func lifetime(signal: Signal) async throws {
    try await withTemporaryDirectory { directory in
      let ending = try await withProgram(in: directory) { program in
        #expect(program.greeting == ["authentication is off: every user of this machine can read and change all progress"])
        #expect(try await program.send("GET", "/health").status == 200)
        try program.execution.send(signal: signal)
      }
      #expect(ending.lastWords == ["progress-api stopped"])
      #expect(ending.status == .exited(0))
    }
  }

  @Test("What was answered is there after SIGKILL")
  func kill() async throws {
    try await withTemporaryDirectory { directory in
      let ending = try await withProgram(in: directory) { program in
        try #require(try await program.send("PUT", "/api/programs/p1", #"{"title":"Base","weeks":[]}"#).status == 201)
        return try await completeUntilKilled(program)
      }
      #expect(ending.status == .signaled(Signal.kill.rawValue))
      #expect(ending.value.count >= 20)
      try await withProgram(in: directory) { program in
        let progress = try await program.send("GET", "/api/progress/p1").body
        for day in ending.value { #expect(progress.contains(#""day_number":\#(day),"#)) }
        try program.execution.send(signal: .terminate)
      }
    }
  }

  /// Completes a hundred days at once, kills the program after twenty answers, and returns the days that were answered 200.
  private func completeUntilKilled(_ program: RunningProgram) async throws -> Set<Int> {
    await withTaskGroup(of: Int?.self) { group in
      for day in 1...100 {
        group.addTask {
          // A request that the kill cuts off has no answer, and nothing is promised about it.
          let answer = try? await program.send("POST", "/api/progress/p1/complete", #"{"week_number":1,"day_number":\#(day)}"#)
          return answer?.status == 200 ? day : nil
        }
      }
      var answered: Set<Int> = []
      for await day in group {
        if let day { answered.insert(day) }
        if answered.count == 20 { try? program.execution.send(signal: .kill) }  // It may have ended by now.
      }
      return answered
    }
  }

  @Test("A database that was spoiled while it runs is a 503 to the client and a warning to the operator")
  func spoiledDatabase() async throws {
    try await withTemporaryDirectory { directory in
      let ending = try await withProgram(in: directory) { program in
        try await DatabaseQueue(path: directory + "/progress.sqlite").write {
          try $0.execute(sql: "DROP TABLE progress_logs; DROP TABLE programs")
        }
        let detail = #"{"detail":"The database cannot be used at present; try again later"}"#
        expect(try await program.send("GET", "/health"), 503, detail)
        expect(try await program.send("POST", "/api/progress/p1/complete", #"{"week_number":1,"day_number":1}"#), 503, detail)
        try program.execution.send(signal: .terminate)
      }
      let warnings = ["GET /health", "POST /api/progress/p1/complete"].map { "warning: \($0) failed: SQLite: no such table: programs (1)" }
      #expect(ending.lastWords == warnings + ["progress-api stopped"])
    }
  }

  @Test("A body that never says how long it is is read up to 1 MiB")
  func unannouncedLength() async throws {
    try await withTemporaryDirectory { directory in
      try await withProgram(in: directory) { program in
        let path = "/api/progress/p1/complete"
        #expect(try await program.send("POST", path, spaces: 1_048_576).status == 422)
        #expect(try await program.send("POST", path, spaces: 1_048_577).status == 413)
        try program.execution.send(signal: .terminate)
      }
    }
  }

  @Test(
    "It refuses in one clear line what it cannot do",
    arguments: [
      (
        ["--host", "0.0.0.0"], 64,
        "error: will not listen on 0.0.0.0: there is no authentication yet, so only this machine may connect; use --host 127.0.0.1"
      ),
      (["--port", "65536"], 64, "error: 65536 is not a port; use --port with 0 to 65535, where 0 lets the system choose"),
      (
        ["--database", "postgres://db/progress"], 64,
        "error: --database postgres: is for an engine that this build does not have; it has sqlite:PATH"
      ),
      (["--database", "progress.sqlite"], 64, "error: --database progress.sqlite names no engine; write sqlite:progress.sqlite"),
      (["--database", "sqlite:"], 64, "error: --database sqlite: names no file; write sqlite:PATH, such as sqlite:progress.sqlite"),
      (
        ["--database", "sqlite:a/b"], 69,
        "error: cannot use the database a/b: SQLite: unable to open database file (14); does its directory exist, and may this user write there?"
      ),
    ])
  func refusals(arguments: [String], status: Int32, line: String) async throws {
    try await withTemporaryDirectory { directory in
      let result = try await run(
        RunningProgram.executable, arguments: Arguments(["serve"] + arguments), workingDirectory: FilePath(directory), output: .discarded,
        error: .string(limit: 4_096))
      #expect(result.terminationStatus == .exited(status))
      #expect(result.standardError == line + "\n")
    }
  }

  @Test("A port in use is said in one clear line")
  func portInUse() async throws {
    try await withTemporaryDirectory { directory in
      try await withProgram(in: directory) { running in
        let result = try await run(
          RunningProgram.executable, arguments: ["serve", "--port", "\(running.port)"], workingDirectory: FilePath(directory),
          output: .discarded,
          error: .string(limit: 4_096))
        #expect(result.terminationStatus == .exited(69))
        let line = "error: 127.0.0.1:\(running.port) is already in use; is another progress-api running? Choose another with --port"
        #expect(result.standardError.split(separator: "\n").last.map(String.init) == line)
        try running.execution.send(signal: .terminate)
      }
    }
  }
}
