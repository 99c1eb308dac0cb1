import ArgumentParser
import ProgressModel
import Testing

@testable import progressctl

@Suite("Arguments of the verbs that drop")
struct ActionArgumentsTests {
  @Test(
    "each verb makes the action that it names",
    arguments: [
      ("complete p1 1 3", #"{"action":"complete""#, ""),
      (
        "complete p1 1 3 --at 2026-01-28T15:30:00Z --rating hard --date 2026-01-28",
        #"{"action":"complete","completed_at":"2026-01-28T15:30:00Z""#,
        #","intensity_rating":"hard","scheduled_date":"2026-01-28""#
      ),
      ("complete --rating easy p1 1 3", #"{"action":"complete""#, #","intensity_rating":"easy""#),
      ("uncomplete p1 1 3", #"{"action":"uncomplete""#, ""),
      ("rate p1 1 3 perfect", #"{"action":"intensity""#, #","intensity_rating":"perfect""#),
      ("schedule p1 1 3 2026-01-30", #"{"action":"schedule""#, #","scheduled_date":"2026-01-30""#),
      ("schedule p1 1 3 2026-01-30T18:00:00+01:00", #"{"action":"schedule""#, #","scheduled_date":"2026-01-30T17:00:00Z""#),
      (
        "log-exercise p1 1 3 squat --set sets=3 weight=102.50 notes=5x5 --set done=true x=\"5\"", #"{"action":"exercise""#,
        #","exercise":{"done":true,"exercise_id":"squat","notes":"5x5","sets":3,"weight":102.50,"x":"5"}"#
      ),
      (
        #"log-exercise p1 1 3 squat --log {"sets":[5,5],"reps":1,"exercise_id":"squat"} --set reps=2"#, #"{"action":"exercise""#,
        #","exercise":{"exercise_id":"squat","reps":2,"sets":[5,5]}"#
      ),
      ("log-exercise p1 1 3 squat --set empty= =a=b", #"{"action":"exercise""#, nil),
      (
        "log-exercise p1 1 3 squat --set empty= equation=a=b", #"{"action":"exercise""#,
        #","exercise":{"empty":"","equation":"a=b","exercise_id":"squat"}"#
      ),
    ] as [(String, String, String?)])
  func actions(line: String, beginning: String, more: String?) throws {
    guard let more else {
      #expect(throws: Failure.self) { try action(line) }
      return
    }
    let text = try action(line).json.serialized
    // Names are sorted, so what a verb adds lies around the common fields.
    let fields = try #require(try JSONValue(parsing: Array((beginning + more + "}").utf8)).members)
    let common = try #require(
      try JSONValue(parsing: Array(#"{"id":"fresh","program_id":"p1","week_number":1,"day_number":3}"#.utf8)).members)
    #expect(text == JSONValue.object(fields.merging(common) { $1 }).serialized)
  }

  @Test("a client's own id and instant are kept")
  func common() throws {
    let action = try action("uncomplete p1 1 3 --id mine-1 --recorded-at 2026-01-28T16:30:00+01:00")
    #expect(action.id == ActionID("mine-1"))
    #expect(action.recordedAt == start)
  }

  @Test(
    "what is wrong is told in one line, with the rules' own words",
    arguments: [
      ("complete p1 one 3", 65, #"week_number: must be a whole number from 1 to 1000, is "one"; nothing was dropped"#),
      ("complete p1 1 0", 65, "day_number: must be a whole number from 1 to 1000, is 0; nothing was dropped"),
      ("complete p1 1 1001", 65, "day_number: must be a whole number from 1 to 1000, is 1001; nothing was dropped"),
      (
        "complete a/b 1 3", 65,
        #"program_id: must be 1 to 128 of A-Z a-z 0-9 . _ ~ - and neither . nor .., is "a/b"; nothing was dropped"#
      ),
      ("rate p1 1 3 hrad", 65, #"intensity_rating: must be one of easy, perfect, hard, is "hrad"; nothing was dropped"#),
      (
        "complete p1 1 3 --at yesterday", 65,
        #"completed_at: must be an RFC 3339 instant with a zone, such as 2026-01-28T15:30:00Z, is "yesterday"; nothing was dropped"#
      ),
      (
        "schedule p1 1 3 2026-02-30", 65,
        #"scheduled_date: must be a date such as 2026-01-28, or an RFC 3339 instant, is "2026-02-30"; nothing was dropped"#
      ),
      ("uncomplete p1 1 3 --id é", 65, #"id: must be a text of 1 to 128 visible ASCII characters, is "é"; nothing was dropped"#),
      (
        "rate p1 x 3 hrad", 65,
        #"week_number: must be a whole number from 1 to 1000, is "x"; intensity_rating: must be one of easy, perfect, hard, is "hrad"; "#
          + "nothing was dropped"
      ),
      ("log-exercise p1 1 3 squat --set sets", 64, #"--set "sets": must be NAME=VALUE; nothing was dropped"#),
      ("log-exercise p1 1 3 squat --log [1]", 65, "--log: must be an object, is an array; nothing was dropped"),
      (
        "log-exercise p1 1 3 squat --log {", 65,
        "--log: not valid JSON: line 1, column 2: the text ends too early: expected a name in quotes; nothing was dropped"
      ),
      (
        #"log-exercise p1 1 3 squat --log {"exercise_id":"bench"}"#, 65,
        #"exercise.exercise_id: is "bench" in the log, but "squat" was named; nothing was dropped"#
      ),
      ("log-exercise p1 1 3 squat --file /nowhere", 66, "/nowhere: cannot be read: No such file or directory; nothing was dropped"),
    ] as [(String, CInt, String)])
  func refusals(line: String, code: CInt, text: String) throws {
    #expect(farewell(line) == Farewell(Failure(text, code: code)))
  }

  @Test(
    "wrong usage says what is wrong, and where the help is",
    arguments: [
      ("complete p1 1", "Missing expected argument '<day>'", "complete "),
      ("complete p1 1 3 4", "Unexpected argument '4'", "complete "),
      ("uncomplete p1 1 3 --rating hard", "Unknown option '--rating'", "uncomplete "),
      (
        "complete p1 1 3 --timeout 5", "The value '5' is invalid for '--timeout <duration>': must be a duration such as 500ms or 1m30s",
        "complete "
      ),
      (
        "complete p1 1 3 --wait=done", "The value 'done' is invalid for '--wait <goal>'. Please provide one of 'accepted' and 'synced'.",
        "complete "
      ),
      ("retry", "Give ids or keys, or --all-failed", "retry "),
      ("retry 7 --all-failed", "Give ids or keys, or --all-failed", "retry "),
      ("clear", "Say --all when you mean everything; progressctl discard takes ids and keys", "clear "),
      ("discard", "Missing expected argument '<id-or-key> ...'", "discard "),
      ("show-entry", "Missing expected argument '<id-or-key> ...'", "show-entry "),
      ("pause --for 2", "The value '2' is invalid for '--for <duration>': must be a duration such as 500ms or 1m30s", "pause "),
      ("log-level loud", "The level must be one of trace, debug, info, notice, warning, error, critical", "log-level "),
      ("log-exercise p1 1 3 squat --log {} --file x", "Give --log or --file, not both", "log-exercise "),
      ("frobnicate", "Unexpected argument 'frobnicate'", ""),
    ])
  func usage(line: String, text: String, verb: String) {
    let farewell = farewell(line)
    #expect(farewell?.code == 64)
    #expect(farewell?.text == "progressctl: \(text)\nSee 'progressctl \(verb)--help' for more information.\n")
  }

  @Test(
    "--wait takes its goal behind =, and nothing that follows it",
    arguments: [
      ("complete p1 1 3", nil), ("complete --wait p1 1 3", .accepted), ("complete p1 1 3 --wait", .accepted),
      ("complete p1 1 3 --wait --json", .accepted), ("complete --wait=synced p1 1 3", .synced),
      ("rate p1 1 3 easy --wait=accepted", .accepted),
      ("log-exercise p1 1 3 squat --set a=1 --wait --set b=2", .accepted),
    ] as [(String, WaitGoal?)])
  func wait(line: String, goal: WaitGoal?) throws {
    let arguments = ArgumentSpelling.spelledOut(line.split(separator: " ").map(String.init))
    let command = try #require(try Progressctl.parseAsRoot(arguments) as? any DropCommand)
    #expect(command.options.wait == goal && command.session.program == "p1")
  }

  @Test("what stands behind -- is no option")
  func terminator() {
    #expect(ArgumentSpelling.spelledOut(["complete", "--wait", "--", "--wait"]) == ["complete", "--wait=accepted", "--", "--wait"])
  }

  @Test("every verb's help shows it at work, within the width of a terminal")
  func help() {
    for verb in Progressctl.configuration.subcommands {
      let help = Progressctl.helpMessage(for: verb, columns: 80)
      let examples = ["\n  progressctl ", "\n  sudo progressctl "].map { $0 + verb._commandName }
      #expect(examples.contains { help.contains($0) })
      #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
  }

  private func action(_ line: String) throws -> Action {
    let command = try Progressctl.parseAsRoot(line.split(separator: " ").map(String.init))
    return try #require(command as? any DropCommand).action(freshID: "fresh")
  }

  /// How the program would end; nil when it would go on to drop something.
  private func farewell(_ line: String) -> Farewell? {
    do {
      _ = try action(line)
      return nil
    } catch {
      return Farewell(error)
    }
  }
}

extension JSONValue {
  fileprivate var members: [String: JSONValue]? {
    guard case .object(let members) = self else { return nil }
    return members
  }
}
