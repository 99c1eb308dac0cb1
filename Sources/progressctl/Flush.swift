import ArgumentParser
import ControlProtocol
import SyncDaemon

struct Flush: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send everything now, without waiting for debounce or backoff.",
    discussion: """
      Example:
        progressctl flush
      """)

  @OptionGroup var options: CommandOptions

  func run() async throws { try await options.perform(.flush, telling: { await $0.troubleBefore(now: .now) }) }
}
