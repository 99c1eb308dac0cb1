import ArgumentParser
import ControlProtocol

struct Discard: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take entries out of the queue, undelivered, for good.",
    usage: "progressctl discard [<options>] <id-or-key> ...",
    discussion: """
      Examples:
        progressctl discard 17 18
        progressctl discard complete-p1-1-3
      """)

  @Argument(help: ArgumentHelp("Ids or keys, as progressctl queue lists them.", valueName: "id-or-key"), completion: .entries)
  var entries: [String]

  @OptionGroup var options: CommandOptions

  func run() async throws { try await options.perform(.discard(EntryChoice(named: entries))) }
}
