import ArgumentParser
import ControlClient

struct RequeueRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "requeue",
    abstract: "Hands refused files to the daemon once more, as if they were dropped now.",
    discussion: """
      A file that is wrong in itself is refused again. To mend one, save what `show` prints, \
      drop the mended text, and discard the old file.

      Examples:
        progressctl rejected requeue plan.json
        progressctl rejected requeue --all
      """)

  @OptionGroup var files: RejectedArguments
  @OptionGroup var options: CommandOptions

  func run() async throws {
    let choice = try files.choice()
    try await options.tell(options.resolveService().asking { try await $0.socket.requeue(choice) }, missing: { Failure(noRejected: $0) })
  }
}
