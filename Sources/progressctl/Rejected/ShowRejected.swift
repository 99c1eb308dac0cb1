import ArgumentParser
import FoundationEssentials
import Glibc
import Systemd

struct ShowRejected: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "The contents of a refused file, as they were dropped.",
    discussion: """
      Example:
        progressctl rejected show plan.json >plan.json
      """)

  @Argument(help: "The file's name, as the list shows it.", completion: .rejectedNames)
  var name: String

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let service = try service.runningService(environment: ProcessInfo.processInfo.environment)
    let bytes = try await service.contents(ofRejected: name)
    guard isatty(STDOUT_FILENO) != 0 else { return try StandardOutput.write(bytes: bytes) }
    // A terminal must not be steered by what somebody has dropped.
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0).singleLine
    }
    try StandardOutput.write(lines.joined(separator: "\n") + (bytes.last == UInt8(ascii: "\n") ? "" : "\n"))
  }
}
