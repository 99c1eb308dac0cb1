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
    let filter = QueueFilter(states: [.failed])
    let service = try service.runningService(environment: environment)
    try await service.asking { client in
      let listing = QueueListing(client: client)
      try await StandardOutput.write { write in
        if json { return try await listing.writeJSONLines(filter, write) }
        let style = StandardOutput.style(environment: environment)
        try await listing.writeTable(
          filter, now: .now, style: style, headline: { _, failed in QueueListing.headline(failed: failed) + service.aside }, write)
      }
    }
  }
}
