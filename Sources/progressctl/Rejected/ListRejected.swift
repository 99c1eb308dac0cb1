import ArgumentParser
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon
import Systemd

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
      try write(files.headline + service.aside + remark + "\n")
      if !files.isEmpty { try files.writeTable(now: .now, write) }
    }
  }
}

extension [ControlProtocol.RejectedFile] {
  var headline: String {
    isEmpty ? "nothing is rejected" : "\(count) rejected; progressctl rejected show NAME, requeue NAME, discard NAME"
  }

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
