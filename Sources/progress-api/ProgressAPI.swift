import ArgumentParser

@main
struct ProgressAPI: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "progress-api",
    abstract: "The progress API: keeps training programs and the progress in them, over HTTP.",
    subcommands: [Serve.self])
}
