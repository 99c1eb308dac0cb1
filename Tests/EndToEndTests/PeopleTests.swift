import Foundation
import Glibc
import TestSupport
import Testing

/// The verbs of the built `progressctl`, tried by everybody on one machine.
@Suite("People who share a machine", .enabled(if: Person.arePossible, "needs root, to be others by setpriv"))
struct PeopleTests {
  private let machine: Workstation
  /// An order in which nobody has anything left to do for those who may.
  private static let order: [Person] = [.stranger, .member, .owner, .root]

  /// Each of the group has one entry that the API has refused, one that waits, and one rejected file; nothing is sent.
  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    try Data("s3cret\n".utf8).write(to: token)
    try #require(chmod(token.path, 0o600) == 0)
    try await machine.startSharedDaemon("api.token_file: \(token.path)")
    let group: [Person] = [.owner, .member, .root]
    for (person, program) in zip(group, ["p9", "p8", "p7"]) {
      let refused = try await machine.progressctl(as: person, "complete", program, "1", "1", "--wait=synced")
      try #require(refused.status == 65, "\(refused.words)")
    }
    let paused = try await machine.progressctl("pause")
    try #require(paused.status == 0)
    for (person, day) in zip(group, 1...) {
      let accepted = try await machine.progressctl(as: person, "complete", "p1", "1", "\(day)", "--wait")
      try #require(accepted.status == 0, "\(accepted.words)")
      try await machine.drop("no JSON", named: "\(person.rawValue).json", as: person)
    }
    try await eventually("the files are rejected") { try machine.files(in: "rejected").count { $0.hasSuffix(".json") } == 3 }
  }

  private static let looks = [
    Trial(
      "status", owner: .done("3 waiting", "3; see progressctl failed", "nothing is sent: paused by root", "3 rejected"),
      member: .done("3 waiting", silentOf: ["complete-p9-1-1", "complete-p7-1-1"]), root: .done("complete-p9-1-1", "complete-p8-1-1")),
    Trial("status --json", all: .done(#""failed":3"#, #""waiting":3"#)),
    Trial(
      "queue",
      owner: .done("1 pending, 1 failed; see progressctl failed", "complete-p1-1-1", "complete-p9-1-1", silentOf: ["p1-1-2", "p8"]),
      member: .done("1 pending, 1 failed", "complete-p1-1-2", silentOf: ["p1-1-1", "p9"]),
      root: .done("3 pending, 3 failed", "complete-p1-1-1", "complete-p1-1-2", "complete-p1-1-3")),
    Trial(
      "queue complete-p1-1-1 complete-p1-1-9", owner: .done("1 pending, 0 failed"),
      member: .done("nothing under complete-p1-1-1, complete-p1-1-9"),
      root: .done("1 pending, 0 failed")),
    Trial(
      "failed", owner: .done("1 failed; progressctl retry ID, or progressctl discard ID", "complete-p9-1-1", "404"),
      member: .done("1 failed", silentOf: ["complete-p9-1-1"]), root: .done("3 failed")),
    Trial(
      "show-entry 1", owner: .done("key          complete-p9-1-1", "progressctl retry 1, or progressctl discard 1"),
      member: .refused(66, "no such entry, or not yours: 1; see progressctl queue"), root: .done("dropped by   uid 61001")),
    Trial(
      "rejected",
      owner: .done("1 rejected; progressctl rejected show NAME, requeue NAME, discard NAME", "owner.json", silentOf: ["member.json"]),
      member: .done("1 rejected", silentOf: ["owner.json"]), root: .done("3 rejected", "uid 61001", "uid 61002")),
    Trial(
      "rejected show owner.json", owner: .done("no JSON"),
      member: .refused(66, "no such rejected file, or not yours: owner.json; see progressctl rejected"), root: .done("no JSON")),
    Trial(
      "config show", all: .done("# what progress-syncd goes by, ", "control.group: users", silentOf: ["s3cret"]),
      stranger: .done("# what progress-syncd would start with (you may not connect to ", silentOf: ["s3cret"])),
    Trial(
      "config check", owner: .done(" is right", "was not checked, as you may not read it; sudo progressctl config check does"),
      member: .done(" is right"), root: .done(" is right", silentOf: ["not checked"]), stranger: .done(" is right")),
  ]

  @Test("see counts, and what they dropped themselves; root sees everything, and who is not in the group is told how to get there")
  func looking() async throws {
    for trial in Self.looks {
      for person in Person.allCases { try await trial.run(as: person, on: machine) }
    }
  }

  private static let deeds = [
    Trial(
      "retry complete-p9-1-1", owner: .done("1 entry tried again now"),
      member: .refused(66, "no such entry, or not yours: complete-p9-1-1; see progressctl queue"), root: .done("1 entry tried again now")),
    Trial(
      "retry --all-failed", owner: .done("0 entries tried again now"), member: .done("1 entry tried again now"),
      root: .done("1 entry tried again now")),
    Trial("flush", all: .refused(75, "sending is paused; resume it first")),
    Trial(
      "discard complete-p1-1-1", owner: .done("1 entry discarded, undelivered"), member: .refused(66, "or not yours: complete-p1-1-1"),
      root: .refused(66, "no such entry, or not yours: complete-p1-1-1; see progressctl queue")),
    Trial(
      "clear --all",
      owner: .refused(
        64, "would discard all that is yours of 5 entries of the queue and 0 files of the spool, undelivered; say --yes when you mean it"),
      member: .refused(64, "would discard all that is yours of 5 entries"),
      root: .refused(64, "would discard all 5 entries of the queue and 0 files of the spool, whoever dropped them, undelivered")),
    Trial(
      "clear --all --yes", owner: .done("1 entry discarded"), member: .done("2 entries discarded"), root: .done("2 entries discarded")),
    Trial(
      "rejected discard owner.json", owner: .done("1 file discarded"),
      member: .refused(66, "no such rejected file, or not yours: owner.json; see progressctl rejected"),
      root: .refused(66, "no such rejected file, or not yours: owner.json; see progressctl rejected")),
    Trial(
      "rejected discard --all", owner: .done("0 files discarded"), member: .refused(64, "would discard 1 file of uid 61002"),
      root: .refused(64, "would discard 2 files: 1 of root, 1 of uid 61002")),
    Trial(
      "rejected discard --all --yes", owner: .done("0 files discarded"), member: .done("1 file discarded"), root: .done("1 file discarded")),
    Trial(administrators: "log-level debug --for 10m", .done("the log's level is debug for 10m")),
    Trial(administrators: "pause --for 2h", .done("nothing is sent for 2h")),
    Trial(administrators: "resume", .done("sending goes on")),
    Trial(administrators: "reload", .done("the configuration is reloaded")),
    Trial(
      "complete p1 1 5 --wait", all: .done("accepted complete-p1-1-5"),
      stranger: .refused(77, "--wait cannot ask the daemon: you may not connect to ", "; drop without it; nothing was dropped")),
    Trial("complete p1 1 6 --wait=synced", all: .done("synced complete-p1-1-6"), stranger: .refused(77, "nothing was dropped")),
    Trial(
      "complete p1 1 7", all: .done("dropped complete-p1-1-7"),
      stranger: .refused(77, "Permission denied; sudo usermod -aG users $USER and a new login let you in; nothing was dropped")),
    Trial("flush", all: .done(" tried now")),
  ]

  @Test("change what they dropped themselves; root changes everything, and the daemon")
  func doing() async throws {
    for trial in Self.deeds {
      for person in Self.order { try await trial.run(as: person, on: machine) }
    }
    try await eventually("all is delivered, once nothing stands in the way") { try machine.pending() == 0 }
  }

  @Test("requeue and discard their own rejected files, whatever the names")
  func oddNames() async throws {
    let name = "odd\n\u{1b}[2J \\.json"
    try await machine.drop(action("complete", day: 9), named: name, as: .member)
    try await machine.drop("no JSON", named: name, as: .owner)
    let mine = { (person: Person) in
      let listed = try await machine.progressctl(as: person, "rejected", "--json").words
      return listed.split(separator: "\n").compactMap { line in
        (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["name"] as? String
      }.filter { $0.contains("odd") }
    }
    try await eventually("it is rejected") { try await mine(.owner).count == 1 }
    let requeue = Trial(
      "rejected requeue", owner: .done("1 file requeued"), member: .refused(66, "no such rejected file, or not yours: "),
      root: .done("1 file requeued"))
    for person in [Person.member, .owner, .root] {
      let escaped = try #require(try await mine(.owner).first)
      // One that is rejected again before its old reason is gone has a claim in front of its name.
      #expect(escaped.hasSuffix(#"odd\x0a\x1b[2J \\.json"#) || escaped.hasSuffix(#"odd\x0a\x1b[2J \.json"#), "\(escaped)")
      try await requeue.adding(escaped).run(as: person, on: machine)
      try await eventually("it is rejected again") { try await mine(.owner).count == 1 }
    }
    let escaped = try #require(try await mine(.owner).first)
    try await Trial("rejected discard", all: .done("1 file discarded")).adding(escaped).run(as: .owner, on: machine)
    #expect(try await mine(.owner).isEmpty)
    #expect(try await machine.progressctl(as: .member, "queue").words.contains("complete-p1-1-9"))
  }

  @Test("watch what is theirs, and what is the daemon's; root watches everything")
  func watching() async throws {
    _ = try await machine.progressctl("resume")
    let watches = try [Person.owner, .member, .root].map { person in
      try RunningProgram(
        "progressctl", ["watch", "--config", machine.configurationFile.path],
        output: machine.directory.appending(path: "watch-\(person.rawValue).log"), through: person.entrance)
    }
    let sees = { (index: Int, words: String) in try watches[index].words.contains(words) }
    // Nobody says when they have begun, so something is done until it is seen.
    try await eventually("each sees what is theirs") {
      _ = try await machine.progressctl(as: .owner, "complete", "p1", "1", "11", "--wait=synced")
      _ = try await machine.progressctl(as: .member, "complete", "p1", "1", "12", "--wait=synced")
      return try sees(0, "complete-p1-1-11") && sees(1, "complete-p1-1-12") && sees(2, "complete-p1-1-11") && sees(2, "complete-p1-1-12")
    }
    _ = try await machine.progressctl("pause")
    try await eventually("all are told of a pause") { try (0...2).allSatisfy { try sees($0, "aused") } }
    #expect(try !sees(0, "complete-p1-1-12") && !sees(1, "complete-p1-1-11"))
    try await Trial("watch", all: .done()).run(as: .stranger, on: machine)
  }

  @Test("are offered the ids and files that are theirs by the shell", .enabled(if: access("/bin/bash", X_OK) == 0, "needs bash"))
  func completion() async throws {
    let offered = { (person: Person, words: String) in
      let line = """
        PATH="$1:$PATH"; eval "$(progressctl completion bash)"
        COMP_WORDS=(progressctl \(words) --config "$2" ""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
        _progressctl 2>/dev/null; printf '%s\\n' "${COMPREPLY[@]}"
        """
      let answer = try await RunningProgram.run(
        "/bin/bash", ["-c", line, "bash", RunningProgram.directory.path, machine.configurationFile.path], through: person.entrance)
      return answer.words.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("-") }
    }
    #expect(try await offered(.owner, "show-entry") == ["1", "4"])
    #expect(try await offered(.member, "discard") == ["2", "complete-p8-1-1", "5", "complete-p1-1-2"])
    #expect(try await offered(.root, "show-entry") == ["1", "2", "3", "4", "5", "6"])
    #expect(try await offered(.owner, "rejected show") == ["owner.json"])
    #expect(try await offered(.stranger, "show-entry") == [])
    try await machine.stopDaemon()
    #expect(try await offered(.owner, "show-entry") == [])
  }

  @Test("without the daemon look as far as its files let them, and are told how to start it; what they drop waits")
  func withoutDaemon() async throws {
    try await machine.stopDaemon()
    let start = "; start it: progress-syncd --config \(machine.configurationFile.path)"
    let away = Trial.Answer(status: 69, words: ["no daemon listens on ", start])
    for look in ["status", "queue", "failed", "show-entry 1"] {
      try await Trial(
        look, owner: away, member: away, root: .done(look == "show-entry 1" ? "complete-p9-1-1" : "this is from its files"), stranger: away
      )
      .runForAll(on: machine)
    }
    try await Trial("rejected", owner: away, member: away, root: .done("3 rejected", "this is from the directory"), stranger: away)
      .runForAll(on: machine)
    try await Trial("rejected show owner.json", owner: away, member: away, root: .done("no JSON"), stranger: away).runForAll(on: machine)
    for deed in [
      "watch", "flush", "retry --all-failed", "discard 1", "clear --all --yes", "pause", "resume", "reload", "log-level debug",
      "rejected requeue --all", "rejected discard --all", "rejected discard --all --yes",
    ] {
      for person in [Person.member, .root] { try await Trial(deed, all: away).run(as: person, on: machine) }
    }
    let shown = Trial.Answer.done("# what progress-syncd would start with (no daemon listens on ")
    try await Trial("config show", all: shown, stranger: shown).runForAll(on: machine)
    let late = Trial.Answer(status: 75, words: ["not accepted within 10ms: no ", start, " waits in the spool"])
    try await Trial(
      "complete p1 1 8 --wait --timeout 10ms", owner: late, member: late, root: late, stranger: .refused(77, "nothing was dropped")
    ).runForAll(on: machine)
    #expect(try machine.files(in: "incoming").count == 3)
  }
}

extension Trial {
  /// With an argument that may have blanks in it.
  fileprivate func adding(_ argument: String) -> Trial {
    Trial(arguments: arguments + [argument], answers: answers)
  }

  fileprivate func runForAll(on machine: Workstation) async throws {
    for person in Person.allCases { try await run(as: person, on: machine) }
  }
}
