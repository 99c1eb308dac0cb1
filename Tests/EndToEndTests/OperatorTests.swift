import Foundation
import Glibc
import TestSupport
import Testing

/// The built `progressctl` against the running daemon.
@Suite("A person with progressctl")
struct OperatorTests {
  private let machine: Workstation

  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms, schedule: 10ms}")
    try await machine.startDaemon()
  }

  @Test("waits until the API has it, and a script gets the codes of both ends")
  func synced() async throws {
    let synced = try await machine.progressctl("complete", "p1", "1", "3", "--rating", "hard", "--wait=synced", "--id", "a1")
    #expect(synced.status == 0 && synced.words == "synced complete-p1-1-3 (id a1)\n", "\(synced.words)")
    #expect(try machine.rows() == ["1-3 done hard"])
    let refused = try await machine.progressctl("complete", "nowhere", "1", "3", "--wait=synced")
    #expect(refused.status == 65 && refused.words.hasPrefix("progressctl: refused by the API: "), "\(refused.words)")
    #expect(refused.words.hasSuffix("; see progressctl failed\n"))
  }

  @Test("finds what has failed, sees why, tries it again, and throws it away")
  func failed() async throws {
    _ = try await machine.progressctl("complete", "p2", "1", "1", "--wait=synced")
    _ = try await machine.progressctl("complete", "p3", "1", "1", "--wait=synced")
    let entries = try await machine.objects("failed", "--json")
    #expect(entries.map { $0["key"] as? String } == ["complete-p2-1-1", "complete-p3-1-1"])
    let ids = entries.compactMap { $0["id"] as? Int }
    let shown = try await machine.progressctl("show-entry", "\(ids[0])")
    #expect(shown.status == 0 && shown.words.contains("\nlast answer  404"), "\(shown.words)")
    #expect(shown.words.contains("progressctl retry \(ids[0])"))

    try await machine.addProgram("p2")
    let retried = try await machine.progressctl("retry", "complete-p2-1-1")
    #expect(retried.status == 0, "\(retried.words)")
    try await eventually("it is delivered") { try self.machine.rows(of: "p2") == ["1-1 done"] }
    let discarded = try await machine.progressctl("discard", "\(ids[1])", "9999")
    #expect(discarded.status == 66 && discarded.words.hasSuffix("no such entry, or not yours: 9999; see progressctl queue\n"))
    #expect(try await machine.objects("failed", "--json").isEmpty)
  }

  @Test("is told what a delivery waits for, and what was dropped is not lost for it")
  func obstacle() async throws {
    _ = try await machine.progressctl("pause", "--for", "2h")
    let waiting = try await machine.progressctl("complete", "p1", "1", "3", "--wait=synced", "--timeout", "3s")
    #expect(waiting.status == 75, "\(waiting.words)")
    #expect(waiting.words.contains("not synced within 3s: nothing is sent: paused by root "), "\(waiting.words)")
    #expect(waiting.words.contains("; it is safe in the queue"))
    let status = try await machine.progressctl("status")
    #expect(status.words.contains("\npause        nothing is sent: paused by root "), "\(status.words)")
    _ = try await machine.progressctl("resume")
    try await eventually("it is delivered") { try self.machine.rows() == ["1-3 done"] }

    try await machine.stopAPI()
    let away = try await machine.progressctl("rate", "p1", "1", "3", "easy", "--wait=synced", "--timeout", "2s")
    #expect(away.status == 75 && away.words.contains("the API does not answer since "), "\(away.words)")
    let held = try await machine.progressctl("queue")
    #expect(held.words.contains("1 pending, 0 failed\nthe API does not answer since "), "\(held.words)")
    #expect(!held.words.contains(" now "), "\(held.words)")
    let tried = try await machine.progressctl("flush")
    #expect(
      tried.status == 0 && tried.words.hasPrefix("1 entry is tried now\nwhat stood in the way: the API does not answer since "),
      "\(tried.words)")
    try await machine.startAPI()
    let flushed = try await machine.progressctl("flush")
    #expect(flushed.status == 0)
    try await eventually("it is delivered too") { try self.machine.rows() == ["1-3 done easy"] }
  }

  @Test("gives refused files back and throws them away: the journal says who did, and what cannot be done has a line of its own")
  func rejected() async throws {
    let rejected = machine.directory.appending(path: "spool/rejected")
    try machine.drop("no JSON")
    try await eventually("it is rejected") { try machine.files(in: "rejected").contains { $0.hasSuffix(".json") } }
    try #require(mkfifo(rejected.appending(path: "pipe.json").path, 0o600) == 0)
    try #require(mkfifo(rejected.appending(path: "other.json").path, 0o600) == 0)
    let shown = try await machine.progressctl("rejected", "show", "pipe.json")
    #expect(shown.status == 65 && shown.words.hasPrefix("progressctl: pipe.json: "), "\(shown.words)")
    let requeued = try await machine.progressctl("rejected", "requeue", "--all")
    #expect(requeued.status == 65 && requeued.words.contains("1 file requeued; 2 left as they were\n"), "\(requeued.words)")
    for name in ["pipe.json", "other.json"] { #expect(requeued.words.contains("progressctl: \(name): "), "\(requeued.words)") }
    #expect(try machine.daemonLog.contains("Given back at the wish of user \(geteuid()): rejected/000001.json"))
    try await eventually("it is rejected again") { try machine.files(in: "rejected").contains { $0.hasSuffix("000001.json") } }
    let refused = try await machine.progressctl("rejected", "discard", "--all")
    #expect(refused.status == 64 && refused.words.contains("would discard 3 files"), "\(refused.words)")
    let discarded = try await machine.progressctl("rejected", "discard", "--all", "--yes")
    #expect(discarded.status == 0 && discarded.words == "3 files discarded\n", "\(discarded.words)")
    #expect(try machine.daemonLog.contains("Discarded at the wish of user \(geteuid()): 3 files of rejected/"))
  }

  @Test("a wait for the delivery goes on while the daemon is started again")
  func restart() async throws {
    try await machine.stopAPI()
    let wait = try RunningProgram(
      "progressctl", ["complete", "p1", "1", "3", "--wait=synced", "--timeout", "60s", "--config", machine.configurationFile.path],
      output: machine.directory.appending(path: "wait.log"))
    try await eventually("it is in the queue") { try self.machine.pending() == 1 }
    try await machine.killDaemon()
    try await machine.startDaemon()
    #expect(wait.isRunning)
    try await machine.startAPI()
    _ = try await machine.progressctl("flush")
    let code = await wait.end()
    let words = try wait.words
    #expect(code == 0 && words.hasPrefix("synced complete-p1-1-3 "), "\(words)")
  }

  @Test("reloads a configuration that is right, and hears what is wrong with one that is not")
  func reload() async throws {
    let fine = try await machine.progressctl("reload")
    #expect(fine.status == 0, "\(fine.words)")
    let quiet = try await machine.progressctl("log-level", "debug", "--for", "10m")
    #expect(quiet.status == 0, "\(quiet.words)")
    let good = machine.directory.appending(path: "good.yaml")
    try FileManager.default.copyItem(at: machine.configurationFile, to: good)
    try machine.configure("retry: {backoff: often}")
    // progressctl itself cannot read that one; it finds the socket by the one that was right.
    let wrong = try await RunningProgram.run("progressctl", ["reload", "--config", good.path])
    #expect(wrong.status == 78 && wrong.words.contains("retry.backoff"), "\(wrong.words)")
    // As systemd runs it, into the journal behind the daemon's own line.
    let journal = machine.directory.appending(path: "journal")
    let line = #"exec 2>"$2"; JOURNAL_STREAM=$(stat -c %d:%i "$2") exec "$0" reload --config "$1""#
    let program = try RunningProgram.directory.appending(path: "progressctl").path
    let reloaded = try await RunningProgram.run("/bin/sh", ["-c", line, program, good.path, journal.path])
    let said = try String(contentsOf: journal, encoding: .utf8)
    #expect(reloaded.status == 78 && reloaded.words.isEmpty)
    #expect(said == "progressctl: the configuration is not reloaded; progress-syncd's own line has the reason\n")
  }

  @Test("is told why a rejected file cannot be shown, and that it is there")
  func unreadableRejection() async throws {
    try FileManager.default.createSymbolicLink(atPath: machine.incoming.appending(path: "link.json").path, withDestinationPath: "/nowhere")
    try await eventually("it is rejected") { try self.machine.files(in: "rejected").contains("link.json") }
    let answer = try await machine.shell("curl --silent --unix-socket control.sock http://localhost/v1/rejected/link.json")
    #expect(answer.words.contains(#""kind":"conflict""#) && answer.words.contains("symbolic link"), "\(answer.words)")
  }

  @Test("clears everything only when it is meant, and hears of how much")
  func clear() async throws {
    _ = try await machine.progressctl("pause")
    for day in 1...3 { try machine.drop(rating("easy", day: day)) }
    try await eventually("all is accepted") { try self.machine.pending() == 3 }
    let asked = try await machine.progressctl("clear", "--all")
    #expect(asked.status == 64)
    #expect(
      asked.words.hasPrefix(
        "progressctl: would discard all \(geteuid() == 0 ? "" : "that is yours of ")3 entries of the queue and 0 files of the spool"),
      "\(asked.words)")
    #expect(asked.words.contains(", undelivered; say --yes when you mean it"), "\(asked.words)")
    #expect(try machine.pending() == 3)
    let cleared = try await machine.objects("clear", "--all", "--yes", "--json")
    #expect(cleared.first?["changed"] as? Int == 3)
    #expect(try machine.pending() == 0)
  }

  @Test("watches what happens, also after the daemon was started again")
  func watch() async throws {
    let watch = try RunningProgram(
      "progressctl", ["watch", "--key", "complete-p1-1-3", "--json", "--config", machine.configurationFile.path],
      output: machine.directory.appending(path: "watch.log"))
    let kinds = {
      try watch.words.matches(of: /"event":"([a-z]+)"/).map { String($0.1) }
    }
    // Nobody says when it has begun, so something is done until it is seen.
    try await eventually("a life is seen from its beginning to its end") {
      _ = try await self.machine.progressctl("rate", "p1", "1", "3", "easy")
      _ = try await self.machine.progressctl("complete", "p1", "1", "3", "--wait=synced")
      return try Set(kinds()).isSuperset(of: ["accepted", "sent", "synced"])
    }
    #expect(try !watch.words.contains("intensity-p1-1-3"))
    try await machine.stopDaemon()
    try await eventually("the end is noticed") {
      try watch.words.contains("progressctl: the daemon has ended; waiting for it to come back")
    }
    let before = try kinds().count
    try await machine.startDaemon()
    try await eventually("the beginning too") { try watch.words.contains("progressctl: the daemon is back") }
    _ = try await machine.progressctl("complete", "p1", "1", "3", "--wait=synced")
    try await eventually("it goes on") { try kinds().count > before }
    watch.send(SIGINT)
    #expect(await watch.end() == -SIGINT)
  }

  @Test("sees the status change, with the daemon and without")
  func statusWatch() async throws {
    let watch = try RunningProgram(
      "progressctl", ["status", "--watch", "--json", "--config", machine.configurationFile.path],
      output: machine.directory.appending(path: "status.log"))
    try await eventually("it begins") { try watch.words.contains("\"running\":true") }
    try await machine.stopDaemon()
    try await eventually("the end is seen") { try watch.words.contains("\"running\":false") }
    try await machine.startDaemon()
    _ = try await machine.progressctl("pause")
    try await eventually("the pause is seen") { try watch.words.contains("\"by_uid\":0") }
    watch.send(SIGTERM)
    #expect(await watch.end() == -SIGTERM)
  }

  @Test("sees and changes what is its own, and is told what it may not", .enabled(if: geteuid() == 0, "needs root, to be others"))
  func others() async throws {
    // The socket's group is root's here; nobody's entries are not another member's business.
    let (member, stranger) = (["--reuid=65534", "--regid=0", "--clear-groups"], ["--reuid=65534", "--regid=65534", "--clear-groups"])
    let spool = machine.directory.appending(path: "spool")
    for directory in [machine.directory, spool, machine.incoming] { try #require(chmod(directory.path, 0o777) == 0) }
    _ = try await machine.progressctl("pause")
    try machine.drop(rating("easy", day: 1))
    let dropped = try await machine.progressctl(as: member, "complete", "p1", "1", "2", "--wait")
    #expect(dropped.status == 0 && dropped.words.hasPrefix("accepted complete-p1-1-2 "), "\(dropped.words)")
    let mine = try await machine.progressctl(as: member, "queue")
    #expect(mine.words.contains("complete-p1-1-2") && !mine.words.contains("intensity-p1-1-1"), "\(mine.words)")
    #expect(try await machine.progressctl("queue").words.contains("intensity-p1-1-1"))
    let discarded = try await machine.progressctl(as: member, "discard", "intensity-p1-1-1")
    #expect(discarded.status == 66, "\(discarded.words)")
    for verb in ["resume", "reload"] {
      let refused = try await machine.progressctl(as: member, verb)
      #expect(refused.status == 77, "\(refused.words)")
    }
    let turnedAway = try await machine.progressctl(as: stranger, "status")
    #expect(turnedAway.status == 77)
    #expect(turnedAway.words.contains("you may not connect to ") && turnedAway.words.contains(": be a member of group root; "))
  }
}

extension Workstation {
  /// What `progressctl` prints for scripts: an object a line.
  fileprivate func objects(_ arguments: String...) async throws -> [[String: Any]] {
    let answer = try await RunningProgram.run("progressctl", arguments + ["--config", configurationFile.path])
    try #require(answer.status == 0, "\(answer.words)")
    return try answer.words.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  /// Runs it with the identity that setpriv(1) gives it.
  fileprivate func progressctl(as identity: [String], _ arguments: String...) async throws -> (status: Int32, words: String) {
    try await RunningProgram.run(
      "progressctl", arguments + ["--config", configurationFile.path], through: ["/usr/bin/setpriv"] + identity)
  }
}
