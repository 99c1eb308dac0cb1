import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What happens, as it happens: accepted, sent, synced, retrying, failed, held, …",
    usage: "progressctl watch [<options>]",
    discussion: """
      Shows what is about the actions that you dropped, and about the daemon as a whole: \
      held, unreachable, paused and the like, whatever program or key you ask for. Goes on when the daemon is started again; Ctrl-C ends it.

      Examples:
        progressctl watch
        progressctl watch --program p1
        progressctl watch --key complete-p1-1-3 --json | jq --unbuffered -r .event
      """)

  @Option(help: ArgumentHelp("Of the actions, only those of this program.", valueName: "id"))
  var program: String?

  @Option(help: ArgumentHelp("Of the actions, only those of this key.", valueName: "key"))
  var key: String?

  @Flag(help: "Print an object a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  /// How soon it is looked for a daemon that has ended.
  private static let reconnectPause = Duration.milliseconds(500)

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.runningService(environment: environment)
    let style = StandardOutput.style(environment: environment)
    try await service.asking { client in
      // Where no daemon is at the beginning, somebody has to start it first.
      var events = try await client.socket.events(program: program, key: key)
      while true {
        try await show(events, style)
        StandardError.say("the daemon has ended; waiting for it to come back (\(service.name))")
        events = try await reconnected(client)
        StandardError.say("the daemon is back; for what happened meanwhile see progressctl status")
      }
    }
  }

  /// Returns when the daemon ends, in whatever manner.
  private func show(_ events: JSONLines<LiveEvent>, _ style: TextStyle) async throws {
    do {
      for try await event in events {
        try StandardOutput.write(json ? ControlCoding.text(of: event) + "\n" : event.line(time: event.at.timeOfDay, style: style))
      }
    } catch let error as ControlError where error.isPassing {
      return
    }
  }

  private func reconnected(_ client: ControlClient) async throws -> JSONLines<LiveEvent> {
    while true {
      try await Task.sleep(for: Self.reconnectPause)
      do {
        return try await client.socket.events(program: program, key: key)
      } catch let error as ControlError where error.isPassing {
        continue
      }
    }
  }
}
