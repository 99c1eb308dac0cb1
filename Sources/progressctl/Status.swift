import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Whether the daemon runs, and what it has still to deliver.",
    discussion: """
      Examples:
        progressctl status
        progressctl status --json | jq .pending
      """)

  @Flag(help: "Print an object for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.service(environment: environment)
    let report = try service.asking { client throws(ControlError) in try client.status() }
    let now = Timestamp.now
    let style = StandardOutput.style(environment: environment)
    try StandardOutput.write(json ? ControlCoding.text(of: report) + "\n" : report.screen(of: service.name, now: now, style: style))
  }
}

extension StatusReport {
  /// The report for people, a line for each thing.
  func screen(of service: String, now: Timestamp, style: TextStyle) -> String {
    let lines = [
      ("daemon", daemon.line(style: style) + " (\(service))"),
      ("pending", "\(pending): \(waiting) waiting, \(retrying) retrying, " + style.paint("\(parked) parked", parked > 0 ? .yellow : nil)),
      ("oldest", oldestAcceptedAt.map { "\((now - $0).inWords)" } ?? "-"),
      ("failed", style.paint("\(failed)", failed > 0 ? .red : nil) + (failed > 0 ? "; see progressctl queue" : "")),
      ("last synced", lastSyncedAt.map { "\((now - $0).inWords) ago" } ?? "never"),
    ]
    var screen = ""
    Table(lines.map { [$0, $1] }).writeLines { screen += $0 }
    return screen
  }
}

extension DaemonReport {
  fileprivate func line(style: TextStyle) -> String {
    switch running {
    case true?: style.paint("running", .green) + (pid.map { ", process \($0)" } ?? "")
    case false?: style.paint("not running", .red)
    case nil: "unknown"
    }
  }
}
