import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon
import Systemd

struct Queue: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits to be delivered, when it is tried next, and what went wrong.",
    discussion: """
      Examples:
        progressctl queue
        progressctl queue --json | jq -r '.items[].key'
        progressctl queue --json | jq '.failed[] | {key, last_error}'
      """)

  @Flag(help: "Print {\"pending\", \"items\": [{\"key\", \"attempts\", \"max_attempts\", …}], \"failed\"} for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.service(environment: environment)
    let report = try service.asking { client throws(ControlError) in try client.queue() }
    try StandardOutput.write { write in
      if json {
        try report.writeJSON(write)
        try write("\n")
      } else {
        try report.writeTable(now: Timestamp.now, style: StandardOutput.style(environment: environment), write)
      }
    }
  }
}

extension QueueReport {
  /// Gives the report for people to `write`, line by line.
  func writeTable(now: Timestamp, style: TextStyle, _ write: (String) throws -> Void) rethrows {
    guard !items.isEmpty || !failed.isEmpty else { return try write("nothing is pending\n") }
    try write("\(items.count) pending, \(failed.count) failed\n")
    let header = [["STATE", "ATTEMPTS", "NEXT", "KEY", "LAST ERROR"]]
    let rows = [items, failed].lazy.joined().map { $0.row(now: now, style: style) }
    try Table([AnyCollection(header), AnyCollection(rows)].lazy.joined()).writeLines(write)
  }
}

extension QueueItem {
  fileprivate func row(now: Timestamp, style: TextStyle) -> [String] {
    let next = nextAttemptAt.map { $0 <= now ? "now" : "in \(($0 - now).inWords)" } ?? "-"
    let status = lastStatus.map { "\($0)" }
    // Some reasons begin with the status.
    let error = [status.flatMap { lastError?.hasPrefix($0) == true ? nil : $0 }, lastError].compactMap { $0 }.joined(separator: ": ")
    return [style.paint(state.rawValue, state.colour), "\(attempts)/\(maximumAttempts)", next, key.singleLine, error.singleLine]
  }
}

extension QueueItem.State {
  fileprivate var colour: TextStyle.Colour? {
    switch self {
    case .waiting, .retrying: nil
    case .parked: .yellow
    case .failed: .red
    }
  }
}
