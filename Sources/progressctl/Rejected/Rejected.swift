import ArgumentParser
import ControlProtocol
import Glibc
import Spool
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

extension Failure {
  init(noRejected names: [String], remark: String = "") {
    let names = names.map(\.singleLine).joined(separator: ", ")
    self.init("no such rejected file, or not yours: \(names); see progressctl rejected\(remark)", code: EX_NOINPUT)
  }
}
