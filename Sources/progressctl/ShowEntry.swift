import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import SyncDaemon
import Systemd

struct ShowEntry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show-entry",
    abstract: "All that is known of an entry of the queue.",
    usage: "progressctl show-entry [<options>] <id> ...",
    discussion: """
      Examples:
        progressctl show-entry 17
        progressctl show-entry 17 --json | jq -r .value
      """,
    aliases: ["show"])

  @Argument(help: ArgumentHelp("Ids of entries, as progressctl queue lists them.", valueName: "id"), completion: .entryIDs)
  var ids: [Int64]

  @Flag(help: "Print an entry a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.service(environment: environment)
    let (items, source) = try await service.asking { client in try await client.queue(QueueFilter(ids: Set(ids))) }
    try StandardOutput.write { write in
      if json { return try items.forEach { try write(ControlCoding.text(of: $0) + "\n") } }
      for item in items {
        try write(item.portrait(now: .now, style: StandardOutput.style(environment: environment)))
      }
    }
    let missing = Set(ids).subtracting(items.map(\.id)).sorted().map { "\($0)" }
    guard missing.isEmpty else { throw Failure(missing: missing, remark: source.remark) }
  }
}

extension Failure {
  /// Entries that were asked for and are not there.
  init(missing: [String], remark: String = "") {
    let names = missing.map(\.singleLine).joined(separator: ", ")
    self.init("no such entry, or not yours: \(names); see progressctl queue\(remark)", code: EX_NOINPUT)
  }
}

extension QueueItem {
  /// The entry for people, a line for each thing.
  func portrait(now: Timestamp, style: TextStyle) -> String {
    let lines: [(String, String?)] = [
      ("entry", "\(id)"),
      ("key", key.singleLine),
      ("value", value?.singleLine),
      ("state", style.paint(state.rawValue, state.colour) + ", tried \(attempts) of \(maximumAttempts) times"),
      ("waits", "since \(waitingSince.rfc3339), \((now - waitingSince).inWords)"),
      ("done", recordedAt.map { "\($0.rfc3339)" }),
      ("accepted", acceptedAt.rfc3339),
      ("dropped by", "\(UserName(sender))"),
      ("last answer", lastAnswer ?? "none yet"),
      ("next", state == .failed ? "nothing by itself: progressctl retry \(id), or progressctl discard \(id)" : nextAttempt(now: now)),
    ]
    var text = ""
    Table(lines.compactMap { label, words in words.map { [label, $0] } }).writeLines { text += $0 }
    return text
  }
}
