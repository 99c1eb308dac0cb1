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
    usage: "progressctl show-entry [<options>] <id-or-key> ...",
    discussion: """
      Examples:
        progressctl show-entry 17
        progressctl show-entry complete-p1-1-3
        progressctl show-entry 17 --json | jq -r .value
      """,
    aliases: ["show"])

  @Argument(help: ArgumentHelp("Ids or keys, as progressctl queue lists them.", valueName: "id-or-key"), completion: .entryIDs)
  var entries: [String]

  @Flag(help: "Print an entry a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.runningService(environment: environment)
    let (items, source, holds) = try await service.asking { client in
      let (items, source) = try await client.entries(named: entries)
      return (items, source, json ? Holds() : try await client.holds(now: .now))
    }
    try StandardOutput.write { write in
      if json { return try items.forEach { try write(ControlCoding.text(of: $0) + "\n") } }
      for item in items {
        try write(item.portrait(now: .now, hold: holds.hold(of: item), style: StandardOutput.style(environment: environment)))
      }
    }
    let missing = entries.filter { name in !items.contains { "\($0.id)" == name || $0.key == name } }
    guard missing.isEmpty else { throw Failure(missing: missing, remark: service.aside + source.remark) }
  }
}

extension ControlClient {
  /// The entries with these ids and under these keys, each once, in the order of acceptance.
  fileprivate func entries(named names: [String]) async throws -> (items: [QueueItem], source: Source) {
    let choice = EntryChoice(named: names)
    // A filter lets through what has one of its ids and one of its keys.
    let filters = [QueueFilter(ids: Set(choice.ids)), QueueFilter(keys: Set(choice.keys))].filter { $0 != QueueFilter() }
    var (found, source) = ([Int64: QueueItem](), Source.daemon)
    for filter in filters {
      let answer = try await queue(filter)
      source = answer.source
      for item in answer.items { found[item.id] = item }
    }
    return (found.values.sorted { $0.id < $1.id }, source)
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
  func portrait(now: Timestamp, hold: Hold? = nil, style: TextStyle) -> String {
    let lines: [(String, String?)] = [
      ("entry", "\(id)"),
      ("key", key.singleLine),
      ("value", value?.singleLine),
      ("state", style.paint(state.rawValue, state.colour) + ", tried \(attempts) of \(maximumAttempts) times"),
      ("waits", "since \(waitingSince.rfc3339), \((now - waitingSince).inWords)"),
      ("done", recordedAt.map { "\($0.rfc3339)" }),
      ("accepted", acceptedAt.rfc3339),
      ("dropped by", "\(UserName(sender))"),
      ("sent as", account.map { "\(UserName($0)), with a token of his own" }),
      ("last answer", lastAnswer ?? "none yet"),
      (
        "next",
        state == .failed ? "nothing by itself: progressctl retry \(id), or progressctl discard \(id)" : nextAttempt(now: now, hold: hold)
      ),
      ("held up", state == .failed ? nil : hold?.reason),
    ]
    var text = ""
    Table(lines.compactMap { label, words in words.map { [label, $0] } }).writeLines { text += $0 }
    return text
  }
}
