import ArgumentParser
import ProgressModel

@main
struct ProgressAPI: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "progress-api",
    abstract: "The progress API: keeps training programs and the progress in them, over HTTP.",
    version: ProgressSync.version,
    subcommands: [Serve.self])
}
