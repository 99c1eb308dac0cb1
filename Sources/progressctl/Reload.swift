import ArgumentParser
import ControlProtocol
import FoundationEssentials
import Glibc
import Systemd

struct Reload: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have the daemon read its configuration again: all of it, or the old one stays.",
    discussion: """
      For root, and the user that the daemon runs as: of a user's service, the user.

      Examples:
        progressctl reload
        sudo progressctl reload
      """)

  @OptionGroup var options: CommandOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    // As ExecReload= of the service it speaks into the journal, where the daemon's own line stands that has the reason.
    guard case .journal = LogDestination(identifier: "progressctl", environment: environment) else {
      return try await options.perform(.reload, conflict: EX_CONFIG)
    }
    do {
      let service = try options.service.runningService(environment: environment, tell: { _ in })
      try await options.perform(.reload, on: service, conflict: EX_CONFIG)
    } catch let failure as Failure where failure.code == EX_CONFIG {
      throw Failure("the configuration is not reloaded; progress-syncd's own line has the reason", code: EX_CONFIG)
    }
  }
}
