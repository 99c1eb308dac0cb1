import Foundation
import ProgressModel
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

  @Test("an action is dropped whole, and one line tells its key")
  func drop() throws {
    let finished = try workstation.run("complete", "p1", "1", "3", "--rating", "hard", "--id", "a1")
    #expect(finished == .init(code: 0, output: "dropped complete-p1-1-3 (id a1)\n", errors: ""))
    let expected = Action(session: try session(), change: .complete(at: nil, rating: .hard, scheduled: nil), id: ActionID("a1"))
    #expect(try workstation.waitingAction() == expected)
  }

  @Test("a script gets the file, the id and the key")
  func json() throws {
    let finished = try workstation.run("rate", "p1", "1", "3", "easy", "--json")
    let id = try #require(try workstation.waitingAction().id)
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: workstation.incoming.path).first)
    #expect(finished == .init(code: 0, output: #"{"file":"\#(file)","id":"\#(id)","key":"intensity-p1-1-3"}"# + "\n", errors: ""))
  }

  @Test("an exercise's log comes through a pipe")
  func pipe() throws {
    let finished = try workstation.run(
      "log-exercise", "p1", "1", "3", "squat", "--file", "-", "--set", "reps=5", input: #"{"weight": 102.50}"#)
    #expect(finished.code == 0)
    let fields: [String: JSONValue] = ["exercise_id": .string("squat"), "weight": .number(literal: "102.50"), "reps": .integer(5)]
    #expect(try workstation.waitingAction().change == ExerciseLog(fields: fields).map { .logExercise($0) })
  }

  @Test("what is refused is not dropped")
  func refused() throws {
    let wrong = try workstation.run("rate", "p1", "1", "3", "hrad")
    #expect(wrong.code == 65 && wrong.output.isEmpty)
    #expect(wrong.errors == "progressctl: intensity_rating: must be one of easy, perfect, hard, is \"hrad\"; nothing was dropped\n")
    let long = try workstation.run("log-exercise", "p1", "1", "3", "squat", "--set", "notes=" + String(repeating: "x", count: 1024))
    #expect(long.code == 65 && long.errors.contains("spool.max_file_size is 1024"))
    #expect(try workstation.isSpoolEmpty())
  }

  @Test("without a spool nothing is dropped, and it says where one was looked for")
  func noSpool() throws {
    try FileManager.default.removeItem(at: workstation.incoming)
    let finished = try workstation.run("uncomplete", "p1", "1", "3")
    #expect(finished.code == 69 && finished.output.isEmpty)
    #expect(
      finished.errors.contains(workstation.incoming.path) && finished.errors.contains("the system's service, \(workstation.configuration)"))
  }

  @Test("waiting returns at once for an action that is safe already")
  func waitAccepted() throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: ActionID("a1")))
    let finished = try workstation.run("uncomplete", "p1", "1", "3", "--id", "a1", "--wait")
    #expect(finished == .init(code: 0, output: "accepted complete-p1-1-3 (id a1)\n", errors: ""))
  }

  @Test("waiting in vain keeps the action, says that no daemon runs, and how to start it")
  func waitTimeout() throws {
    let finished = try workstation.run("uncomplete", "p1", "1", "3", "--wait", "--timeout", "0s", "--json")
    #expect(finished.code == 75)
    #expect(finished.output.hasPrefix("{\"file\":"))
    #expect(
      finished.errors.hasPrefix(
        "progressctl: not accepted within 0s: no progress-syncd runs; start it: progress-syncd --config \(workstation.configuration); "))
    #expect(try workstation.waitingAction().change == .uncomplete)
  }

  @Test("the queue is read while the daemon has it open, and a pipe gets no colours")
  func queue() throws {
    let store = try workstation.openStore()
    try store.accept(Action(session: session(), change: .rate(.hard)))
    let json = try workstation.run("queue", "--json")
    #expect(
      json.output
        == #"{"pending":1,"items":[{"accepted_at":"2026-01-28T15:30:00Z","attempts":0,"id":1,"key":"intensity-p1-1-3","max_attempts":3,"#
        + #""next_attempt_at":"2026-01-28T15:30:00.500Z","recorded_at":"2026-01-28T15:30:00Z","sender_uid":0,"state":"waiting","#
        + #""waiting_since":"2026-01-28T15:30:00Z"}],"failed":[]}"# + "\n")
    #expect(
      try workstation.run("queue").output == "1 pending, 0 failed\nSTATE    ATTEMPTS  NEXT  KEY               LAST ERROR\n"
        + "waiting  0/3       now   intensity-p1-1-3\n")
    let status = try workstation.run("status")
    #expect(status.code == 0 && status.output.hasPrefix("daemon       not running (the system's service, "))
    #expect(!status.output.contains("\u{1b}"))
    withExtendedLifetime(store) {}
  }

  @Test("before there is a queue, asking for it says so")
  func noQueue() throws {
    let finished = try workstation.run("queue", "--json")
    #expect(finished.code == 66 && finished.output.isEmpty)
    #expect(finished.errors.hasPrefix("progressctl: there is no queue yet: \(workstation.queuePath) does not exist"))
  }

  @Test("a reader that has seen enough ends it quietly, whatever the parent ignores")
  func brokenPipe() throws {
    let store = try workstation.openStore()
    for week in 1...1000 { try store.accept(Action(session: session(week), change: .rate(.hard))) }
    #expect(try workstation.shell(#""$progressctl" queue | head -n 1"#) == .init(code: 0, output: "1000 pending, 0 failed\n", errors: ""))
    #expect(try workstation.shell(#"trap '' PIPE; "$progressctl" queue | head -n 1"#).errors.isEmpty)
  }

  @Test("output that cannot be written is an error")
  func fullDisk() throws {
    _ = try workstation.openStore()
    let finished = try workstation.shell(#""$progressctl" queue --json > /dev/full"#)
    #expect(finished.code == 74)
    #expect(finished.errors == "progressctl: cannot write the output: No space left on device\n")
  }
}
