import ArgumentParser
import Foundation
import ProgressModel
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

/// The pages in `docs/man`: true by being made from the program, or by being compared with it. `make man` makes the made parts anew.
/// In this order, so that what is made anew is what is checked then.
@Suite("The manual", .serialized)
struct ManualTests {
  static let pages = ["progress-syncd.8", "progressctl.1", "progress-sync.yaml.5", "progress-sync-spool.7", "progress-api.8"]

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func url(_ page: String) -> URL { Self.root.appending(path: "docs/man/\(page)") }

  private func text(_ page: String) throws -> String { try String(contentsOf: url(page), encoding: .utf8) }

  /// Compares what stands between the marks with what is made; `UPDATE_MANUALS=1` in the environment writes it there.
  private func compare(_ page: String, part: String, with made: String) throws {
    let text = try text(page)
    let begin = try #require(text.firstRange(of: ".\\\" BEGIN \(part)"))
    let lineEnd = try #require(text[begin.upperBound...].firstIndex(of: "\n"))
    let end = try #require(text.firstRange(of: ".\\\" END \(part)"))
    let found = text[text.index(after: lineEnd)..<end.lowerBound]
    if found != made, ProcessInfo.processInfo.environment["UPDATE_MANUALS"] == "1" {
      try text.replacingCharacters(in: found.startIndex..<found.endIndex, with: made).write(
        to: url(page), atomically: true, encoding: .utf8)
      return
    }
    #expect(found == made, "docs/man/\(page) is not up to date; `make man` makes it anew")
  }

  private func tree() async throws -> CommandTree {
    let finished = try await Workstation().shell("$progressctl --experimental-dump-help")
    return try JSONDecoder().decode(CommandTree.self, from: Data(finished.output.utf8))
  }

  @Test("progressctl(1) has every command and every option, as the program tells them")
  func commands() async throws {
    var page = Mdoc()
    page.raw(".Bl -tag -width Ds")
    for command in try await tree().command.all.dropFirst() { command.describe(in: &page) }
    page.raw(".El")
    try compare("progressctl.1", part: "commands", with: page.text)
  }

  @Test("progress-sync.yaml(5) has every key with its meaning, default, name in the environment, and what a change takes")
  func keys() async throws {
    var page = Mdoc()
    page.raw(".Bl -tag -width Ds")
    for key in ConfigurationKey.all {
      page.raw(".It Cm \(key.path)")
      page.prose("\(key.summary.prefix(1).uppercased() + key.summary.dropFirst()).")
      page.prose("\(key.rule.prefix(1).uppercased() + key.rule.dropFirst()).")
      page.raw(".Pp")
      page.prose("Default: \(key.text(Configuration())).")
      if let special = Self.specialDefaults[key.path] { page.prose(special) }
      page.raw(".br")
      page.prose("Environment: \(key.environmentName).")
      if !key.isReloadable { page.prose("A change takes a restart.") }
    }
    page.raw(".El")
    try compare("progress-sync.yaml.5", part: "keys", with: page.text)
  }

  private static let specialDefaults = [
    "api.token_file": "Under systemd, the credential api-token where there is one.",
    "api.user_tokens": "System's service: $CREDENTIALS_DIRECTORY where systemd sets it.",
    "spool.directory": "User's service: $XDG_STATE_HOME/progress-sync/spool, where XDG_STATE_HOME is ~/.local/state unless set.",
    "state.directory": "$STATE_DIRECTORY where systemd sets it; user's service: $XDG_STATE_HOME/progress-sync.",
    "spool.socket":
      "submit.sock beside the control socket. Where systemd makes it, as with the packages' units, ListenSequentialPacket= of progress-syncd-submit.socket has to say the same.",
    "control.socket":
      "$RUNTIME_DIRECTORY/control.sock where systemd sets it; user's service: $XDG_RUNTIME_DIR/progress-sync/control.sock. Where systemd makes it, as with the packages' units, ListenStream= of progress-syncd.socket has to say the same.",
    "control.group": "Where systemd makes the sockets, SocketGroup= of their units decides.",
  ]

  @Test(
    "progress-syncd(8) and progress-api(8) have every option of their programs",
    arguments: [("progress-syncd.8", "${progressctl%ctl}-syncd"), ("progress-api.8", "${progressctl%ctl}-api")])
  func options(page: String, program: String) async throws {
    let finished = try await Workstation().shell("\(program) --experimental-dump-help")
    let tree = try JSONDecoder().decode(CommandTree.self, from: Data(finished.output.utf8))
    let names = Set(tree.command.all.flatMap { ($0.arguments ?? []).compactMap(\.name) })
    let text = try text(page)
    #expect(names.count > 2)
    for name in names { #expect(text.contains("Fl -\(name)"), "--\(name)") }
  }

  @Test("Every example of a command is one that the program takes")
  func examples() async throws {
    let lines = try await tree().command.all.flatMap(\.examples).filter { $0.contains("progressctl ") }
    #expect(lines.count > 20)
    for line in lines {
      // What stands before the first program of the line, and behind it, is the shell's.
      let part = line[try #require(line.firstRange(of: "progressctl ")).upperBound...]
      let finished = try await Workstation().shell("printf '%s\\n' \(part.prefix { !"|&>;<".contains($0) })")
      let words = finished.output.split(separator: "\n").map(String.init)
      #expect(throws: Never.self, "\(line)") { _ = try Progressctl.parseAsRoot(ArgumentSpelling.spelledOut(words)) }
    }
  }

  @Test("Every command shows examples, and has a form for scripts")
  func everyCommand() async throws {
    for command in try await tree().command.all {
      #expect(command.examples.contains { $0.contains("progressctl ") }, "\(command.path) has no example")
      let isGroup = command.subcommands?.contains { $0.commandName != "help" } == true
      // One prints a script, the other a file.
      guard !isGroup, !["completion", "rejected show"].contains(command.path) else { continue }
      #expect(command.arguments?.contains { $0.name == "json" } == true, "\(command.path) has no --json")
    }
  }

  @Test("The example of a configuration is right, and those of action files are accepted")
  func exampleFiles() async throws {
    let yaml = try #require(Mdoc.literals(of: text("progress-sync.yaml.5")).first { $0.hasPrefix("api:") })
    let sources = ConfigurationSources(kind: .system, file: "example", fileText: yaml)
    #expect(try sources.resolve().configuration.retry.backoff.count == 4)
    let actions = try Mdoc.literals(of: text("progress-sync-spool.7")).filter { $0.hasPrefix("{") || $0.hasPrefix("[") }
    #expect(actions.count == 2)
    for text in actions { #expect(try !ActionFile.parse(Array(text.utf8)).isEmpty) }
  }

  @Test("The writer in shell is the one of docs/SPOOL.md, which is tried there")
  func shellWriter() async throws {
    let document = try String(contentsOf: Self.root.appending(path: "docs/SPOOL.md"), encoding: .utf8)
    let writer = try #require(Mdoc.literals(of: text("progress-sync-spool.7")).first { $0.hasPrefix("# drop") })
    #expect(document.contains("```sh\n\(writer)```"))
  }

  @Test("man has nothing to say of any page", .enabled(if: has("man"), "man is not installed"), arguments: pages)
  func man(page: String) async throws {
    let finished = try await Workstation().shell("MANWIDTH=80 man --warnings -E UTF-8 -l '\(url(page).path)' >/dev/null")
    #expect(finished.errors == "" && finished.code == 0)
  }

  @Test("mandoc finds nothing to mend in any page", .enabled(if: has("mandoc"), "mandoc is not installed"), arguments: pages)
  func mandoc(page: String) async throws {
    let finished = try await Workstation().shell("mandoc -T lint '\(url(page).path)' 2>/dev/null")
    // Whether other pages are there is a matter of what is installed.
    #expect(finished.output.split(separator: "\n").filter { !$0.contains("referenced manual not found") } == [])
  }

  private static func has(_ program: String) -> Bool {
    ["/usr/bin", "/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }
}
