import ArgumentParser
import ControlProtocol
import SyncDaemon

struct Retry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try entries again now, above all those that the API has refused.",
    usage: "progressctl retry [<options>] [<id-or-key> ...]",
    discussion: """
      Examples:
        progressctl retry 17
        progressctl retry complete-p1-1-3
        progressctl retry --all-failed
      """)

  @Argument(help: ArgumentHelp("Ids or keys, as progressctl queue lists them.", valueName: "id-or-key"), completion: .entries)
  var entries: [String] = []

  @Flag(help: "Everything that the API has refused.")
  var allFailed = false

  @OptionGroup var options: CommandOptions

  func validate() throws {
    guard entries.isEmpty == allFailed else { throw ValidationError("Give ids or keys, or --all-failed") }
  }

  func run() async throws {
    var choice = EntryChoice(named: entries)
    choice.allFailed = allFailed
    try await options.perform(.retry(choice), telling: { await $0.troubleBefore(now: .now) })
  }
}
