import ControlProtocol
import Foundation
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

@Suite("progressctl config, rejected and completion")
struct ConfigVerbTests {
  private let workstation: Workstation

  init() throws {
    workstation = try Workstation()
  }

  @Test("a configuration that is right is said to be so")
  func right() async throws {
    let finished = try await workstation.run("config", "check")
    #expect(finished == .init(code: 0, output: "\(workstation.configuration) is right\n", errors: ""))
  }

  @Test("of one that is wrong every problem is told, with its line")
  func wrong() async throws {
    let file = workstation.root.appending(path: "bad.yaml").path
    try "log:\n  level: loud\nspol: {}\n".write(toFile: file, atomically: false, encoding: .utf8)
    let finished = try await workstation.shell("$progressctl config check \(file)")
    #expect(finished.code == 78 && finished.output == "")
    #expect(finished.errors.contains("\(file):2: log.level: must be one of") && finished.errors.contains("\(file):3: spol: unknown key"))
  }

  @Test("a file that is named from here is shown from the root on")
  func relativeFile() async throws {
    let finished = try await workstation.shell("cd \(workstation.root.path) && $progressctl config show --json --config config.yaml")
    #expect(finished.code == 0)
    #expect(try ControlCoding.value(ConfigurationReport.self, from: finished.output.utf8).file?.hasSuffix("/config.yaml") == true)
    #expect(try ControlCoding.value(ConfigurationReport.self, from: finished.output.utf8).file?.hasPrefix("/") == true)
  }

  @Test("a file that the configuration names and that is not there is a problem of it, too")
  func missingAuthority() async throws {
    let file = workstation.root.appending(path: "ca.yaml").path
    try "api:\n  ca_file: /nowhere/ca.pem\n".write(toFile: file, atomically: false, encoding: .utf8)
    let finished = try await workstation.shell("$progressctl config check \(file)")
    #expect(finished.code == 78 && finished.errors.hasPrefix("progressctl: \(file): /nowhere/ca.pem cannot be read"))
  }

  @Test("a spool that is not there, or is no directory, is mentioned, and no fault of the file", arguments: ["none", "config.yaml"])
  func doubtfulSpool(name: String) async throws {
    let (file, spool) = (workstation.root.appending(path: "new.yaml").path, workstation.root.appending(path: name).path)
    try "spool.directory: \(spool)\n".write(toFile: file, atomically: false, encoding: .utf8)
    let finished = try await workstation.shell("$progressctl config check \(file)")
    #expect(finished.code == 0 && finished.output == "\(file) is right\n")
    let words = name == "none" ? "does not exist; progress-syncd makes it only where its user may" : "is no directory; "
    #expect(finished.errors.hasPrefix("progressctl: spool.directory: \(spool) \(words)"))
    #expect(try await workstation.shell("$progressctl config check --json \(file)").output == #"{"problems":[]}"# + "\n")
  }

  @Test("without a daemon, what one would start with is shown, as a configuration that sets the same")
  func show() async throws {
    let shown = try await workstation.run("config", "show")
    #expect(shown.code == 0 && shown.output.contains("(no daemon listens on"))
    let again = try ConfigurationSources(kind: .system, file: "shown", fileText: shown.output).resolve().configuration
    let file = try String(contentsOfFile: workstation.configuration, encoding: .utf8)
    #expect(try again == ConfigurationSources(kind: .system, file: "config", fileText: file).resolve().configuration)
    let json = try await workstation.run("config", "show", "--json")
    let report = try ControlCoding.value(ConfigurationReport.self, from: json.output.utf8)
    #expect(report.file == workstation.configuration && report.values.map(\.key) == ConfigurationKey.all.map(\.path))
  }

  @Test("without a daemon, refused files are listed and shown from the directory, and nothing is done to them")
  func rejected() async throws {
    let directory = workstation.root.appending(path: "spool/rejected")
    try "{]".write(to: directory.appending(path: "a.json"), atomically: false, encoding: .utf8)
    try "not JSON\n\nname: a.json\n".write(to: directory.appending(path: "a.json.reason"), atomically: false, encoding: .utf8)
    let listed = try await workstation.run("rejected")
    #expect(listed.code == 0 && listed.output.contains("1 rejected") && listed.output.contains("not JSON"))
    let line = try ControlCoding.value(
      ControlProtocol.RejectedFile.self, from: await workstation.run("rejected", "list", "--json").output.utf8)
    #expect(line.name == "a.json" && line.reason == "not JSON" && line.size == 2)
    #expect(try await workstation.run("rejected", "show", "a.json") == .init(code: 0, output: "{]", errors: ""))
    #expect(try await workstation.run("rejected", "show", "b.json").code == 66)
    let requeued = try await workstation.run("rejected", "requeue", "a.json")
    #expect(requeued.code == 69 && requeued.errors.contains("no daemon listens"))
  }

  @Test("names that no file can have are refused before anybody is asked", arguments: ["a/b", "..", #"\q"#])
  func badNames(name: String) async throws {
    #expect(try await workstation.run("rejected", "discard", name).code == 66)
  }

  @Test("bash completes verbs and options by the script, and is silent where no daemon answers")
  func bash() async throws {
    func completed(_ words: String) async throws -> [String] {
      let finished = try await workstation.shell(
        """
        bash -c 'PATH="$(dirname "$progressctl"):$PATH"; source <(progressctl completion bash); set -- \(words) "$1"
        COMP_WORDS=("$@"); [ -n "${@: -1}" ] || true; COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        _progressctl progressctl "${@: -1}" "${@: -2:1}"; printf "%s\\n" "${COMPREPLY[@]}"'
        """)
      #expect(finished.errors == "")
      return finished.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(try await completed("progressctl comp").contains("complete"))
    #expect(try await completed("progressctl completion").sorted() == ["bash", "fish", "zsh"])
    #expect(try await completed("progressctl rate p1 1 3").sorted() == ["easy", "hard", "perfect"])
    #expect(try await completed("progressctl complete p1 1 3 --rating").sorted() == ["easy", "hard", "perfect"])
    #expect(try await completed("progressctl rejected show").isEmpty)
  }

  @Test("each shell has a script", arguments: Completion.Shell.allCases)
  func scripts(shell: Completion.Shell) async throws {
    let finished = try await workstation.shell("$progressctl completion \(shell.rawValue)")
    #expect(finished.code == 0 && finished.output.contains("rejected") && finished.output.contains("progressctl"))
  }

  @Test("the doctor finds a daemon that does not run, says how to start it, and exits with 1")
  func doctor() async throws {
    let finished = try await workstation.run("doctor", "--json")
    #expect(finished.code == 1 && finished.errors == "")
    let found = try finished.output.split(separator: "\n").map { try ControlCoding.value(Diagnosis.self, from: $0.utf8) }
    let daemon = try #require(found.first { $0.check == .daemon })
    #expect(daemon.verdict == .problem && daemon.fix == "progress-syncd --config \(workstation.configuration)")
    #expect(found.contains { $0.check == .spool && $0.verdict == .ok } && found.contains { $0.check == .disk })
    #expect(try FileManager.default.contentsOfDirectory(atPath: workstation.incoming.path).isEmpty)
  }
}
