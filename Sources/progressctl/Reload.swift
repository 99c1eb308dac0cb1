import ArgumentParser
import ControlProtocol
import Glibc

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

  func run() async throws { try await options.perform(.reload, conflict: EX_CONFIG) }
}
