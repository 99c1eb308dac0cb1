import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import SyncDaemon
import SystemPackage

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
    let report = try await service.asking(toAct: true) { try await $0.socket.discard(choice) }
    try options.tell(report, by: service, missing: Failure.init(noRejected:remark:))
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
