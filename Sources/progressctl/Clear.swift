import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import SystemPackage

struct Clear: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cancel everything that waits, as when you log out: retries too.",
    usage: "progressctl clear --all [<options>]",
    discussion: """
      Takes all that you dropped out of the queue, undelivered; as root, all that anybody \
      dropped. On a terminal it asks first.

      Examples:
        progressctl clear --all
        progressctl clear --all --yes
      """)

  @Flag(help: "Everything, so that nobody does it by mistake.")
  var all = false

  @Flag(name: [.long, .customShort("y")], help: "Do not ask.")
  var yes = false

  @OptionGroup var options: CommandOptions

  func validate() throws {
    guard all else { throw ValidationError("Say --all when you mean everything; progressctl discard takes ids and keys") }
  }

  func run() async throws {
    let service = try options.resolveService()
    let contents = try await service.asking { client in
      try await Spinner.turning("counting") { try await QueueOwners(of: client.socket.queue()) }
    }
    if contents.count > 0, !yes { try ask(contents, service) }
    try await options.perform(.discard(EntryChoice(all: true)), on: service)
  }

  private func ask(_ contents: QueueOwners, _ service: Service) throws {
    guard isatty(STDIN_FILENO) != 0 else {
      throw Failure("would discard \(contents), undelivered; say --yes when you mean it (\(service.name))", code: EX_USAGE)
    }
    try FileDescriptor.standardError.writeAll("Discard \(contents), undelivered (\(service.name))? [y/N] ".utf8)
    let answer = readLine()?.lowercased() ?? ""
    guard ["y", "yes"].contains(answer) else { throw Failure("nothing was discarded", code: EX_USAGE) }
  }
}

/// How many entries there are, and whose.
struct QueueOwners: CustomStringConvertible {
  private var counts: [UInt32: Int] = [:]

  init<Items: AsyncSequence>(of items: Items) async throws where Items.Element == QueueItem {
    for try await item in items { counts[item.sender, default: 0] += 1 }
  }

  init(_ counts: [UInt32: Int]) {
    self.counts = counts
  }

  var count: Int { counts.values.reduce(0, +) }

  var description: String {
    let entries = count == 1 ? "1 entry" : "\(count) entries"
    if counts.count == 1, let owner = counts.keys.first { return "\(entries) of \(UserName(owner))" }
    return "\(entries): " + counts.sorted { $0.key < $1.key }.map { "\($0.value) of \(UserName($0.key))" }.joined(separator: ", ")
  }
}
