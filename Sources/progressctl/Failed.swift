import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon

struct Failed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What the API has refused, and why: kept until you retry or discard it.",
    discussion: """
      Examples:
        progressctl failed
        progressctl failed --json | jq -r '[.id, .last_error] | @tsv'
        progressctl retry --all-failed
      """)

  @Flag(help: "Print an entry a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let (items, source) = try await service.service(environment: environment).asking { client in
      try await client.queue(QueueFilter(states: [.failed]))
    }
    try StandardOutput.write { write in
      if json { return try items.writeJSONLines(write) }
      let next = items.isEmpty ? "nothing has failed" : "\(items.count) failed; progressctl retry ID, or progressctl discard ID"
      try write(next + source.remark + "\n")
      try items.writeTable(now: .now, style: StandardOutput.style(environment: environment), write)
    }
  }
}
