import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon

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
      "Print {\"pending\", \"items\": [{\"key\", \"attempts\", \"max_attempts\", …}], \"failed\"} for scripts; with keys, an item a line.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let (items, source) = try await service.service(environment: environment).asking { client in
      try await client.queue(QueueFilter(keys: Set(keys)))
    }
    let report = QueueReport(items: items.filter { $0.state != .failed }, failed: items.filter { $0.state == .failed })
    try StandardOutput.write { write in
      if json, keys.isEmpty {
        try report.writeJSON(write)
        try write("\n")
      } else if json {
        try items.writeJSONLines(write)
      } else {
        try write(report.headline + source.remark + "\n")
        try items.writeTable(now: .now, style: StandardOutput.style(environment: environment), write)
      }
    }
  }
}

extension QueueReport {
  var headline: String {
    guard !items.isEmpty || !failed.isEmpty else { return "nothing is pending" }
    return "\(items.count) pending, \(failed.count) failed" + (failed.isEmpty ? "" : "; see progressctl failed")
  }
}
