import ArgumentParser
import ControlProtocol
import ProgressModel

struct Pause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send nothing for a while, over restarts too; actions are still accepted.",
    usage: "progressctl pause [<options>]",
    discussion: """
      For root, and the user that the daemon runs as: of a user's service, the user.

      Examples:
        progressctl pause
        sudo progressctl pause --for 2h
      """)

  @Option(
    name: .customLong("for"), help: ArgumentHelp("How long, such as 2h or 1h30m; default: until resume.", valueName: "duration"),
    transform: Duration.init(positiveArgument:))
  var time: Duration?

  @OptionGroup var options: CommandOptions

  func run() async throws { try await options.perform(.pause(for: time?.spelled)) }
}

struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End a pause.",
    discussion: """
      For root, and the user that the daemon runs as: of a user's service, the user.

      Examples:
        progressctl resume
        sudo progressctl resume
      """)

  @OptionGroup var options: CommandOptions

  func run() async throws { try await options.perform(.resume) }
}
