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
      Takes all that you dropped out of the queue and the spool, undelivered; as root, all \
      that anybody dropped. On a terminal it asks first.

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
    if !yes {
      let contents = ClearedContents(try await service.asking { try await $0.socket.status() }, isRoot: geteuid() == 0)
      try ask(contents, service)
    }
    try await options.perform(.discard(EntryChoice(all: true)), on: service)
  }

  private func ask(_ contents: ClearedContents, _ service: Service) throws {
    guard isatty(STDIN_FILENO) != 0 else {
      throw Failure("would discard \(contents), undelivered; say --yes when you mean it (\(service.name))", code: EX_USAGE)
    }
    try FileDescriptor.standardError.writeAll("Discard \(contents), undelivered (\(service.name))? [y/N] ".utf8)
    let answer = readLine()?.lowercased() ?? ""
    guard ["y", "yes"].contains(answer) else { throw Failure("nothing was discarded", code: EX_USAGE) }
  }
}

/// What a clear is about to take: the counts of the status, which cost the same however long the queue is.
struct ClearedContents: CustomStringConvertible {
  let description: String

  /// - Parameter isRoot: Others are told that the counts are everybody's.
  init(_ status: StatusReport, isRoot: Bool) {
    let (entries, files) = (status.pending + status.failed, status.spool?.unaccepted ?? 0)
    let counts = "\(entries) \(entries == 1 ? "entry" : "entries") of the queue and \(files) \(files == 1 ? "file" : "files") of the spool"
    description = isRoot ? "all \(counts), whoever dropped them" : "all that is yours of \(counts)"
  }
}
