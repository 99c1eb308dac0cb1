import Foundation
import Glibc
import TestSupport
import Testing

/// What the verbs of the built `progressctl` promise over time: pauses, levels, waits, filters.
@Suite("Somebody who puts things right")
struct VerbTests {
  private let machine: Workstation

  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms}")
  }

  @Test("pauses sending over a crash, is told so, and resumes it")
  func pause() async throws {
    try await machine.startDaemon()
    try await machine.expect(0, "nothing is sent until somebody resumes\n", "pause")
    try await machine.killDaemon()
    try machine.drop(action("complete"))
    try await machine.startDaemon()
    try await eventually("it is accepted") { try machine.pending() == 1 }
    try await machine.expect(0, "until progressctl resume\n", "status")
    try await machine.expect(75, "sending is paused; resume it first", "flush")
    #expect(try machine.rows().isEmpty)
    try await machine.expect(0, "sending goes on\n", "resume")
    try await eventually("it is delivered") { try machine.rows() == ["1-3 done"] }
    try await machine.expect(0, "sending goes on; nothing was paused\n", "resume")
  }

  @Test("pauses for a while, which ends by itself, also over a crash")
  func pauseForAWhile() async throws {
    try await machine.startDaemon()
    try await machine.expect(0, "nothing is sent for 2s\n", "pause", "--for", "2s")
    try machine.drop(action("complete"))
    try await eventually("it is accepted") { try machine.acceptedWrites() == 1 }
    try await machine.killDaemon()
    try await machine.startDaemon()
    try await eventually("it is delivered") { try machine.rows() == ["1-3 done"] }
    #expect(try await !machine.progressctl("status").words.contains("paused"))
  }

  @Test("has the daemon log more for a while")
  func logLevel() async throws {
    try await machine.startDaemon()
    try await machine.expect(0, "the log's level is debug until the next reload\n", "log-level", "debug")
    try await machine.expect(0, "\n             logs at debug\n", "status")
    try await machine.expect(0, "the configuration is reloaded\n", "reload")
    #expect(try await !machine.progressctl("status").words.contains("logs at"))
    try await machine.expect(0, "the log's level is warning for 1s\n", "log-level", "warning", "--for", "1s")
    try await eventually("it is over") { try await !machine.progressctl("status").words.contains("logs at") }
  }

  @Test(
    "is told what is wrong with a command line, and where the help is",
    arguments: [
      (["pause", "--for", "yesterday"], "must be a duration such as 500ms or 1m30s"),
      (["log-level", "loud"], "must be one of trace, debug"),
      (["retry"], "Give ids or keys, or --all-failed"), (["retry", "7", "--all-failed"], "Give ids or keys, or --all-failed"),
      (["discard"], "Missing expected argument '<id-or-key> ...'"), (["clear"], "Say --all when you mean everything"),
      (["pause", "--for", "0s"], "must be a duration such as"), (["log-level", "debug", "--for", "0s"], "must be a duration such as"),
      (["show-entry"], "Missing expected argument '<id-or-key> ...'"), (["rejected", "discard"], "name the files, or give --all"),
      (["rejected", "requeue", "a", "--all"], "give names or --all, not both"), (["completion", "csh"], "The value 'csh' is invalid"),
      (["complete", "p1", "1", "3", "--wait=soon"], "The value 'soon' is invalid"), (["statsu"], "Unexpected argument 'statsu'"),
    ])
  func usage(arguments: [String], words: String) async throws {
    let answer = try await RunningProgram.run("progressctl", arguments)
    #expect(answer.status == 64 && answer.words.hasPrefix("progressctl: "), "\(answer)")
    #expect(answer.words.contains(words) && answer.words.contains("--help"), "\(answer)")
  }

  @Test("hears of a file that the daemon rejects, and of an action that somebody discards, while waiting for them")
  func lostCauses() async throws {
    try await machine.startDaemon("--set", "spool.max_file_size=150")
    // progressctl does not know of the daemon's limit, which is told at once to who hands over by socket.
    let long = String(repeating: "x", count: 120)
    try await machine.expect(65, "the daemon refuses it: the contents are too large", "complete", "p1", "1", "3", "--id", long)
    try FileManager.default.removeItem(at: machine.directory.appending(path: "submit.sock"))
    let rejected = try await machine.progressctl("complete", "p1", "1", "3", "--wait=synced", "--id", long)
    #expect(rejected.status == 65 && rejected.words.hasPrefix("progressctl: rejected: "), "\(rejected.words)")
    let name = try #require(rejected.words.firstMatch(of: /; see progressctl rejected show (\S+\.json)\n$/)?.1)
    try await machine.expect(0, "\"program_id\":\"p1\"", "rejected", "show", String(name))

    _ = try await machine.progressctl("pause")
    let wait = try RunningProgram(
      "progressctl",
      ["complete", "p1", "1", "3", "--id", "a", "--wait=synced", "--timeout", "60s", "--config", machine.configurationFile.path],
      output: machine.directory.appending(path: "wait.log"))
    try await eventually("it is in the queue") { try machine.pending() == 1 }
    try await machine.expect(0, "1 entry discarded, undelivered\n", "discard", "complete-p1-1-3")
    let code = await wait.end()
    let words = try wait.words
    #expect(code == 65 && words.hasPrefix("progressctl: taken out of the queue, undelivered: "), "\(words)")
  }

  @Test("sees the values that the running daemon goes by, whatever the file says, with what is secret masked")
  func configuration() async throws {
    try await machine.startDaemon("--set", "log.level=notice", environment: ["PROGRESS_SYNC_RETRY_PARKED_MAX": "7m"])
    let shown = try await machine.progressctl("config", "show").words.split(separator: "\n")
    #expect(shown.first == "# what progress-syncd goes by, \(machine.configurationFile.path)")
    let values = Dictionary(
      uniqueKeysWithValues: shown.dropFirst().map { line in
        let parts = line.split(separator: "#", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        return (parts[0], parts.last ?? "")
      })
    #expect(values["log.level: notice"] == "--set", "\(values)")
    #expect(values["retry.parked_max: 7m"] == "PROGRESS_SYNC_RETRY_PARKED_MAX", "\(values)")
    let masked = machine.directory.appending(path: "masked.yaml")
    try Data("api.base_url: https://anna:s3cret@example.com\ncontrol.socket: /nonexistent/control.sock\n".utf8).write(to: masked)
    for arguments in [["config", "show"], ["config", "check"], ["status"], ["doctor"]] {
      let answer = try await RunningProgram.run("progressctl", arguments + ["--config", masked.path])
      #expect(!answer.words.contains("s3cret"), "\(answer.words)")
    }
    let wrong = machine.directory.appending(path: "wrong.yaml")
    try Data("retry: {backoff: often}\nspol: {}\n".utf8).write(to: wrong)
    let listed = try await RunningProgram.run("progressctl", ["config", "check", wrong.path, "--json"])
    #expect(listed.status == 78 && listed.words.hasPrefix(#"{"problems":["#), "\(listed.words)")
    try await machine.expect(0, #"{"problems":[]}"#, "config", "check", "--json")
    let checked = try await RunningProgram.run("progressctl", ["config", "check", wrong.path])
    #expect(
      checked.status == 78 && checked.words.contains("retry.backoff") && checked.words.contains("did you mean spool"), "\(checked.words)")
  }

  @Test("watches one program or one key, and nothing else")
  func filters() async throws {
    try await machine.startDaemon()
    try await machine.addProgram("p2")
    let watch = { (name: String, filter: [String]) in
      try RunningProgram(
        "progressctl", ["watch"] + filter + ["--config", machine.configurationFile.path],
        output: machine.directory.appending(path: "\(name).log"))
    }
    let program = try watch("program", ["--program", "p2"])
    let key = try watch("key", ["--key", "complete-p1-1-4"])
    // Nobody says when they have begun, so something is done until it is seen.
    try await eventually("both see what is theirs") {
      for arguments in [["p1", "1", "3"], ["p1", "1", "4"], ["p2", "1", "1"]] {
        _ = try await RunningProgram.run(
          "progressctl", ["complete"] + arguments + ["--wait=synced", "--config", machine.configurationFile.path])
      }
      return try program.words.contains("complete-p2-1-1") && key.words.contains("complete-p1-1-4")
    }
    #expect(try !program.words.contains("complete-p1-") && !key.words.contains("complete-p1-1-3") && !key.words.contains("p2"))
    for watch in [program, key] {
      watch.send(SIGINT)
      #expect(await watch.end() == -SIGINT)
    }
  }
}

extension Workstation {
  /// Runs progressctl, and compares its code and a part of its words.
  fileprivate func expect(
    _ status: Int32, _ words: String, _ arguments: String..., location: SourceLocation = #_sourceLocation
  ) async throws {
    let answer = try await RunningProgram.run("progressctl", arguments + ["--config", configurationFile.path])
    #expect(answer.status == status && answer.words.contains(words), "\(answer.status): \(answer.words)", sourceLocation: location)
  }
}
