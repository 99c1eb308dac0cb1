import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import Spool
import SyncDaemon
import SystemPackage
import Systemd

/// The files that were refused: looked at, given back, thrown away.
struct Rejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Files that were refused, and why: kept until you requeue or discard them.",
    discussion: """
      A name with odd bytes in it is shown, and taken, with \\xNN in their place.

      Examples:
        progressctl rejected
        progressctl rejected show plan.json
        progressctl rejected requeue plan.json
        progressctl rejected discard --all
        progressctl rejected --json | jq -r .reason
      """,
    subcommands: [ListRejected.self, ShowRejected.self, RequeueRejected.self, DiscardRejected.self],
    defaultSubcommand: ListRejected.self)
}

struct ListRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Which files were refused, and why.",
    discussion: """
      Examples:
        progressctl rejected list
        progressctl rejected list --json | jq -r '[.name, .reason] | @tsv'
      """)

  @Flag(help: "Print {\"name\", \"reason\", \"size\", \"rejected_at\", \"sender_uid\"} a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.runningService(environment: environment)
    let (files, remark) = try await service.rejectedFiles()
    try StandardOutput.write { write in
      if json { return try files.forEach { try write(ControlCoding.text(of: $0) + "\n") } }
      let next =
        files.isEmpty ? "nothing is rejected" : "\(files.count) rejected; progressctl rejected show NAME, requeue NAME, discard NAME"
      try write(next + remark + "\n")
      if !files.isEmpty { try files.writeTable(now: .now, write) }
    }
  }
}

struct ShowRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "The contents of a refused file, as they were dropped.",
    discussion: """
      Example:
        progressctl rejected show plan.json >plan.json
      """)

  @Argument(help: "The file's name, as the list shows it.", completion: .rejectedNames)
  var name: String

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let service = try service.runningService(environment: ProcessInfo.processInfo.environment)
    let bytes = try await service.contents(ofRejected: name)
    guard isatty(STDOUT_FILENO) != 0 else { return try StandardOutput.write(bytes: bytes) }
    // A terminal must not be steered by what somebody has dropped.
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0).singleLine
    }
    try StandardOutput.write(lines.joined(separator: "\n") + (bytes.last == UInt8(ascii: "\n") ? "" : "\n"))
  }
}

struct RequeueRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "requeue",
    abstract: "Hands refused files to the daemon once more, as if they were dropped now.",
    discussion: """
      A file that is wrong in itself is refused again. To mend one, save what `show` prints, \
      drop the mended text, and discard the old file.

      Examples:
        progressctl rejected requeue plan.json
        progressctl rejected requeue --all
      """)

  @OptionGroup var files: RejectedArguments
  @OptionGroup var options: CommandOptions

  func run() async throws {
    let choice = try files.choice()
    try await options.tell(options.resolveService().asking { try await $0.socket.requeue(choice) }, missing: { Failure(noRejected: $0) })
  }
}

struct DiscardRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard",
    abstract: "Removes refused files for good, with their reasons.",
    discussion: """
      Examples:
        progressctl rejected discard plan.json
        progressctl rejected discard --all
        progressctl rejected discard --all --yes
      """)

  @OptionGroup var files: RejectedArguments

  @Flag(name: [.long, .customShort("y")], help: "Do not ask before --all.")
  var yes = false

  @OptionGroup var options: CommandOptions

  func run() async throws {
    let (choice, service) = (try files.choice(), try options.resolveService())
    if choice.all, !yes { try await ask(service) }
    try await options.tell(service.asking { try await $0.socket.discard(choice) }, missing: { Failure(noRejected: $0) })
  }
}

extension DiscardRejected {
  /// Has a person confirm what is about to be lost; elsewhere than on a terminal nobody can.
  private func ask(_ service: Service) async throws {
    let counts = try await service.asking { client in
      var counts: [UInt32: Int] = [:]
      for try await file in try await client.socket.rejected() { counts[file.sender, default: 0] += 1 }
      return counts
    }
    guard !counts.isEmpty else { return }
    let files = Self.words(counts)
    guard isatty(STDIN_FILENO) != 0 else {
      throw Failure("would discard \(files), for good; say --yes when you mean it (\(service.name))", code: EX_USAGE)
    }
    try FileDescriptor.standardError.writeAll("Discard \(files), for good (\(service.name))? [y/N] ".utf8)
    guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else { throw Failure("nothing was discarded", code: EX_USAGE) }
  }

  /// How many files there are, and whose.
  static func words(_ counts: [UInt32: Int]) -> String {
    let number = counts.values.reduce(0, +)
    let files = number == 1 ? "1 file" : "\(number) files"
    if counts.count == 1, let owner = counts.keys.first { return "\(files) of \(UserName(owner))" }
    return "\(files): " + counts.sorted { $0.key < $1.key }.map { "\($0.value) of \(UserName($0.key))" }.joined(separator: ", ")
  }
}

/// Which of the refused files are meant.
struct RejectedArguments: ParsableArguments {
  @Argument(help: "The files' names, as the list shows them.", completion: .rejectedNames)
  var names: [String] = []

  @Flag(help: "All that are yours; for root, all there are.")
  var all = false

  func validate() throws {
    if names.isEmpty && !all { throw ValidationError("name the files, or give --all") }
    if !names.isEmpty && all { throw ValidationError("give names or --all, not both") }
  }

  /// Throws `Failure` for a name that no file can have, before anything is done.
  func choice() throws -> RejectedChoice {
    for name in names where SpoolName(escaped: name) == nil { throw Failure(noRejected: [name]) }
    return RejectedChoice(names: names, all: all)
  }
}

extension Service {
  /// How much of a refused file is shown, in bytes.
  private static let longestContents = 16 << 20

  /// What was refused, from the daemon, or, where none answers, from the directory; and what is to be said of that. Throws `Failure`.
  func rejectedFiles() async throws -> (files: [ControlProtocol.RejectedFile], remark: String) {
    do {
      return try await connected { client in
        var files: [ControlProtocol.RejectedFile] = []
        for try await file in try await client.socket.rejected() { files.append(file) }
        return (files, "")
      }
    } catch let error as ControlError where error.isWithoutDaemon {
      return try reading(insteadOf: error) {
        (try $0.list(of: nil).map { ControlProtocol.RejectedFile($0) }, " (\(error); this is from the directory)")
      }
    } catch let error as ControlError {
      throw Failure(error, of: self)
    }
  }

  /// Throws `Failure`.
  fileprivate func contents(ofRejected name: String) async throws -> [UInt8] {
    guard let spoolName = SpoolName(escaped: name) else { throw Failure(noRejected: [name]) }
    do {
      return try await connected { try await $0.socket.contents(ofRejected: name) }
    } catch let error as ControlError where error.isWithoutDaemon {
      return try reading(insteadOf: error) { files in
        guard let contents = try files.contents(of: spoolName, of: nil, atMost: Self.longestContents) else {
          throw Failure(noRejected: [name])
        }
        return contents.bytes
      }
    } catch ControlError.refused(let refusal) where refusal.kind == .notFound {
      throw Failure(noRejected: [name])
    } catch ControlError.refused(let refusal) where refusal.kind == .conflict {
      throw Failure("\(refusal.error.singleLine) (\(self.name))", code: EX_DATAERR)
    } catch let error as ControlError {
      throw Failure(error, of: self)
    }
  }

  /// Whoever may enter the directory, the daemon's user and root, may see all that is in it.
  private func reading<Answer>(insteadOf error: ControlError, _ question: (RejectedFiles) throws -> Answer) throws -> Answer {
    do {
      return try question(RejectedFiles(root: configuration.spool.directory))
    } catch SpoolError.system(_, _, .permissionDenied) {
      throw Failure(error, of: self)
    } catch SpoolError.system(_, let path, .noSuchFileOrDirectory) {
      throw Failure("there is no \(path) yet; \(howToStart) (\(name))", code: EX_NOINPUT)
    } catch let problem as SpoolError {
      throw Failure("\(problem) (\(name))", code: EX_IOERR)
    } catch let problem as RejectedFileError {
      throw Failure("\(problem)", code: EX_DATAERR)
    }
  }
}

extension Failure {
  fileprivate init(noRejected names: [String]) {
    let names = names.map(\.singleLine).joined(separator: ", ")
    self.init("no such rejected file, or not yours: \(names); see progressctl rejected", code: EX_NOINPUT)
  }
}

extension ControlProtocol.RejectedFile {
  init(_ entry: RejectedEntry) {
    self.init(
      name: entry.name.description, reason: entry.reason ?? "no reason was kept", size: entry.size, rejectedAt: entry.rejectedAt,
      sender: entry.sender)
  }
}

extension [ControlProtocol.RejectedFile] {
  func writeTable(now: Timestamp, _ write: (String) throws -> Void) rethrows {
    let header = [["NAME", "SINCE", "SIZE", "BY", "REASON"]]
    let rows = lazy.map { file in
      [
        file.name.singleLine, file.rejectedAt.map { (now - $0).inWords } ?? "-", "\(file.size)", "\(UserName(file.sender))",
        file.reason.singleLine,
      ]
    }
    try Table([AnyCollection(header), AnyCollection(rows)].lazy.joined()).writeLines(write)
  }
}
