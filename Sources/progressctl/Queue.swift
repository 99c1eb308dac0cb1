import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon
import Systemd

struct Queue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits to be delivered, when it is tried next, and what went wrong.",
    usage: "progressctl queue [<options>] [<key> ...]",
    discussion: """
      Shows the entries that you dropped; root, and the daemon's own user, see all. \
      Without a running daemon they are read from its files.

      Examples:
        progressctl queue
        progressctl queue complete-p1-1-3 intensity-p1-1-3
        progressctl queue --json | jq -r '.items[].key'
        progressctl queue --json | jq '.failed[] | {key, last_error}'
        progressctl queue complete-p1-1-3 --json | jq -r .state
      """)

  @Argument(help: ArgumentHelp("Only what waits under these keys.", valueName: "key"), completion: .entryKeys)
  var keys: [String] = []

  @Flag(
    help:
      "Print {\"items\": [{\"key\", \"attempts\", \"max_attempts\", …}], \"failed\", \"pending\"} for scripts; with keys, an item a line.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let filter = QueueFilter(keys: Set(keys))
    let service = try service.runningService(environment: environment)
    try await service.asking { client in
      let listing = QueueListing(client: client)
      try await StandardOutput.write { write in
        if json {
          return try await keys.isEmpty ? listing.writeJSON(write) : listing.writeJSONLines(filter, write)
        }
        let style = StandardOutput.style(environment: environment)
        try await listing.writeTable(
          filter, now: .now, style: style, headline: { headline(pending: $0, failed: $1) + service.aside }, write)
      }
    }
  }

  private func headline(pending: Int, failed: Int) -> String {
    guard pending + failed == 0, !keys.isEmpty else { return QueueListing.headline(pending: pending, failed: failed) }
    return "nothing under \(keys.map(\.singleLine).joined(separator: ", "))"
  }
}
