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
    let (choice, service) = (try files.choice(), try options.resolveService())
    let report = try await service.asking(toAct: true) { try await $0.socket.requeue(choice) }
    try options.tell(report, by: service, missing: Failure.init(noRejected:remark:))
  }
}
