import Foundation
import ProgressModel
import SyncDaemon
import SyncPolicy
import SyncStore
import Testing

@testable import progressctl

/// The built program, as a shell runs it.
@Suite("The program")
struct ProgramTests {
  private let workstation: Workstation

  init() throws {
    workstation = try Workstation()
  }

  @Test("all programs tell the same version", arguments: ["$progressctl", "${progressctl%ctl}-syncd", "${progressctl%ctl}-api"])
  func version(program: String) async throws {
    let finished = try await workstation.shell("\(program) --version")
    #expect(finished == .init(code: 0, output: Daemon.version + "\n", errors: ""))
  }

  @Test("an action is dropped whole, and one line tells its key")
  func drop() async throws {
    let finished = try await workstation.run("complete", "p1", "1", "3", "--rating", "hard", "--id", "a1")
    #expect(finished == .init(code: 0, output: "dropped complete-p1-1-3 (id a1)\n", errors: ""))
    let expected = Action(session: try session(), change: .complete(at: nil, rating: .hard, scheduled: nil), id: ActionID("a1"))
    #expect(try workstation.waitingAction() == expected)
  }

  @Test("a script gets the file, the id and the key")
  func json() async throws {
    let finished = try await workstation.run("rate", "p1", "1", "3", "easy", "--json")
    let id = try #require(try workstation.waitingAction().id)
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: workstation.incoming.path).first)
    #expect(finished == .init(code: 0, output: #"{"file":"\#(file)","id":"\#(id)","key":"intensity-p1-1-3"}"# + "\n", errors: ""))
  }

  @Test("an exercise's log comes through a pipe")
  func pipe() async throws {
    let finished = try await workstation.run(
      "log-exercise", "p1", "1", "3", "squat", "--file", "-", "--set", "reps=5", input: #"{"weight": 102.50}"#)
    #expect(finished.code == 0)
    let fields: [String: JSONValue] = ["exercise_id": .string("squat"), "weight": .number(literal: "102.50"), "reps": .integer(5)]
    #expect(try workstation.waitingAction().change == ExerciseLog(fields: fields).map { .logExercise($0) })
  }

  @Test("what is refused is not dropped")
  func refused() async throws {
    let wrong = try await workstation.run("rate", "p1", "1", "3", "hrad")
    #expect(wrong.code == 65 && wrong.output.isEmpty)
    #expect(wrong.errors == "progressctl: intensity_rating: must be one of easy, perfect, hard, is \"hrad\"; nothing was dropped\n")
    let long = try await workstation.run("log-exercise", "p1", "1", "3", "squat", "--set", "notes=" + String(repeating: "x", count: 1024))
    #expect(long.code == 65 && long.errors.contains("spool.max_file_size is 1024"))
    #expect(try workstation.isSpoolEmpty())
  }

  @Test("without a spool nothing is dropped, and it says where one was looked for")
  func noSpool() async throws {
    try FileManager.default.removeItem(at: workstation.incoming)
    let finished = try await workstation.run("uncomplete", "p1", "1", "3")
    #expect(finished.code == 69 && finished.output.isEmpty)
    #expect(
      finished.errors.contains(workstation.incoming.path) && finished.errors.contains("the system's service, \(workstation.configuration)"))
  }

  @Test("waiting returns at once for an action that is safe already")
  func waitAccepted() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: ActionID("a1")))
    let finished = try await workstation.run("uncomplete", "p1", "1", "3", "--id", "a1", "--wait")
    #expect(finished == .init(code: 0, output: "accepted complete-p1-1-3 (id a1)\n", errors: ""))
  }

  @Test("waiting in vain keeps the action, says that no daemon runs, and how to start it")
  func waitTimeout() async throws {
    let finished = try await workstation.run("uncomplete", "p1", "1", "3", "--wait", "--timeout", "0s", "--json")
    #expect(finished.code == 75)
    #expect(finished.output.hasPrefix("{\"file\":"))
    #expect(
      finished.errors.hasPrefix(
        "progressctl: not accepted within 0s: no progress-syncd runs; start it: progress-syncd --config \(workstation.configuration); "))
    #expect(try workstation.waitingAction().change == .uncomplete)
  }

  @Test("the queue is read while the daemon has it open, and a pipe gets no colours")
  func queue() async throws {
    let store = try workstation.openStore()
    try store.accept(Action(session: session(), change: .rate(.hard)))
    let json = try await workstation.run("queue", "--json")
    #expect(
      json.output
        == #"{"items":[{"accepted_at":"2026-01-28T15:30:00Z","attempts":0,"id":1,"key":"intensity-p1-1-3","max_attempts":3,"#
        + #""next_attempt_at":"2026-01-28T15:30:00.500Z","recorded_at":"2026-01-28T15:30:00Z","sender_uid":0,"state":"waiting","#
        + #""value":"{\"intensity_rating\":\"hard\"}","waiting_since":"2026-01-28T15:30:00Z"}],"failed":[],"pending":1}"# + "\n")
    let table = try await workstation.run("queue").output.split(separator: "\n")
    #expect(table.first == "1 pending, 0 failed (no daemon listens on \(workstation.socketPath); this is from its files)")
    #expect(table.dropFirst().first == "ID  STATE    ATTEMPTS  SINCE  NEXT  KEY               LAST ANSWER")
    #expect(table.last?.hasSuffix("  now   intensity-p1-1-3") == true)
    #expect(try await workstation.run("queue", "intensity-p1-1-3", "--json").output.hasPrefix(#"{"accepted_at":"2026-01-28T15:30:00Z""#))
    #expect(try await workstation.run("queue", "none", "--json") == .init(code: 0, output: "", errors: ""))
    let status = try await workstation.run("status")
    #expect(status.code == 0 && status.output.hasPrefix("daemon       not running (the system's service, "))
    #expect(!status.output.contains("\u{1b}"))
    withExtendedLifetime(store) {}
  }

  @Test("an entry is shown by its id, and one that is not there is missed with the next step")
  func showEntry() async throws {
    let store = try workstation.openStore()
    try store.accept(Action(session: session(), change: .rate(.hard)))
    for verb in ["show-entry", "show"] {
      let shown = try await workstation.run(verb, "1", "7")
      #expect(shown.code == 66 && shown.output.contains("\nkey          intensity-p1-1-3\n"))
      #expect(shown.errors.hasPrefix("progressctl: no such entry, or not yours: 7; see progressctl queue"))
    }
    withExtendedLifetime(store) {}
  }

  @Test("nothing has failed, says it, and a script gets no lines")
  func failed() async throws {
    _ = try workstation.openStore()
    #expect(try await workstation.run("failed").output.hasPrefix("nothing has failed (no daemon listens on "))
    #expect(try await workstation.run("failed", "--json") == .init(code: 0, output: "", errors: ""))
  }

  @Test(
    "what only a daemon can do says that none is there, and how to start it",
    arguments: [
      ["flush"], ["retry", "7"], ["retry", "--all-failed"], ["discard", "7"], ["clear", "--all"], ["clear", "--all", "--yes"], ["pause"],
      ["pause", "--for", "2h"], ["resume"], ["log-level", "debug", "--for", "10m"], ["reload"], ["watch"],
    ])
  func noDaemon(arguments: [String]) async throws {
    _ = try workstation.openStore()
    let finished = try await workstation.shell("\"$progressctl\" " + arguments.joined(separator: " "))
    #expect(finished.code == 69 && finished.output.isEmpty)
    #expect(
      finished.errors == "progressctl: no daemon listens on \(workstation.socketPath); start it: progress-syncd --config "
        + "\(workstation.configuration) (the system's service, \(workstation.configuration))\n")
  }

  @Test("before there is a queue, asking for it says so")
  func noQueue() async throws {
    let finished = try await workstation.run("queue", "--json")
    #expect(finished.code == 66 && finished.output.isEmpty)
    #expect(finished.errors.hasPrefix("progressctl: there is no queue yet: \(workstation.queuePath) does not exist"))
  }

  @Test("a reader that has seen enough ends it quietly, whatever the parent ignores")
  func brokenPipe() async throws {
    let store = try workstation.openStore()
    for week in 1...1000 { try store.accept(Action(session: session(week), change: .rate(.hard))) }
    #expect(
      try await workstation.shell(#""$progressctl" queue | head -n 1 | cut -c 1-22"#)
        == .init(code: 0, output: "1000 pending, 0 failed\n", errors: ""))
    #expect(try await workstation.shell(#"trap '' PIPE; "$progressctl" queue | head -n 1"#).errors.isEmpty)
  }

  @Test("output that cannot be written is an error")
  func fullDisk() async throws {
    _ = try workstation.openStore()
    let finished = try await workstation.shell(#""$progressctl" queue --json > /dev/full"#)
    #expect(finished.code == 74)
    #expect(finished.errors == "progressctl: cannot write the output: No space left on device\n")
  }
}
