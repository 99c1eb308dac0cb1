import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import SyncDaemon

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How the daemon, the API and the queue stand, on one screen.",
    usage: "progressctl status [<options>]",
    discussion: """
      Examples:
        progressctl status
        progressctl status --watch
        progressctl status --json | jq .pending
        progressctl status --json --watch | jq --unbuffered -r .endpoint.state
      """)

  @Flag(help: "Go on showing it, live on a terminal; elsewhere once per change. Ctrl-C ends it.")
  var watch = false

  @Flag(help: "Print an object for scripts; with --watch, a line per change.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.runningService(environment: environment)
    let style = StandardOutput.style(environment: environment)
    if watch {
      return try await service.connected { client in
        try await StatusWatch(service: service, client: client, style: style, json: json).run()
      }
    }
    let (report, source) = try await service.asking { client in
      try await Spinner.turning(Service.waitingWords) { try await client.status() }
    }
    if json { return try StandardOutput.write(ControlCoding.text(of: report) + "\n") }
    let screen = StatusScreen(report: report, source: source, service: service.name, now: .now, style: style)
    try StandardOutput.write(screen.text)
  }
}
