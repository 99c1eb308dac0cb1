import ArgumentParser
import ControlProtocol
import ProgressModel

struct LogLevel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log-level",
    abstract: "Change how much the running daemon logs.",
    usage: "progressctl log-level [<options>] <level>",
    discussion: """
      For root, and the user that the daemon runs as: of a user's service, the user.

      Examples:
        progressctl log-level debug --for 10m
        sudo progressctl log-level info
      """)

  @Argument(help: "trace, debug, info, notice, warning, error or critical.", completion: .list(Self.levels))
  var level: String

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("How long, such as 10m; default: until a reload or a restart.", valueName: "duration"),
    transform: Duration.init(positiveArgument:))
  var time: Duration?

  @OptionGroup var options: CommandOptions

  private static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

  func validate() throws {
    guard Self.levels.contains(level) else { throw ValidationError("The level must be one of \(Self.levels.joined(separator: ", "))") }
  }

  func run() async throws { try await options.perform(.logLevel(level, for: time?.spelled)) }
}
