import ControlClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import Systemd

/// A listing of entries, written while it is read: however long the queue is, no more than one entry is held.
struct QueueListing {
  let client: ControlClient

  /// A line of JSON for each entry.
  func writeJSONLines(_ filter: QueueFilter, _ write: (String) throws -> Void) async throws {
    _ = try await client.eachEntry(filter) { try write(ControlCoding.text(of: $0) + "\n") }
  }

  /// One object with all entries: those that will be delivered, those that the API has refused, and the number of the former.
  func writeJSON(_ write: (String) throws -> Void) async throws {
    func writeList(_ states: Set<QueueItem.State>) async throws -> Int {
      var count = 0
      _ = try await client.eachEntry(QueueFilter(states: states)) { item in
        try write((count > 0 ? "," : "") + ControlCoding.text(of: item))
        count += 1
      }
      return count
    }
    try write("{\"items\":[")
    let pending = try await writeList(Set(QueueItem.State.allCases).subtracting([.failed]))
    try write("],\"failed\":[")
    _ = try await writeList([.failed])
    try write("],\"pending\":\(pending)}\n")
  }

  /// A headline, what stands in the way, and a table for people, with whose token each goes out where that is not the same for all. The entries
  /// are read twice, as the widths of the columns come first.
  func writeTable(
    _ filter: QueueFilter, now: Timestamp, style: TextStyle, headline: (_ pending: Int, _ failed: Int) -> String,
    _ write: (String) throws -> Void
  ) async throws {
    let holds = try await Spinner.turning(Service.waitingWords) { try await client.holds(now: now) }
    var (pending, failed) = (0, 0)
    var widths = ColumnWidths()
    // Whom a number stands for is looked up once.
    var accounts: [UInt32?: String] = [nil: "-"]
    var seen: Set<UInt32?> = []
    func row(_ item: QueueItem) -> [String] {
      let account = accounts[item.account] ?? item.account.map { "\(UserName($0))" } ?? ""
      accounts[item.account] = account
      return item.row(now: now, hold: holds.hold(of: item), account: account, style: style)
    }
    widths.measure(QueueItem.header)
    let source = try await client.eachEntry(filter) { item in
      if item.state == .failed { failed += 1 } else { pending += 1 }
      seen.insert(item.account)
      widths.measure(row(item))
    }
    try write(headline(pending, failed) + source.remark + "\n")
    guard pending + failed > 0 else { return }
    for reason in holds.reasons { try write(reason + "\n") }
    if seen.count < 2 { widths.hide(QueueItem.accountColumn) }
    try write(widths.line(QueueItem.header))
    _ = try await client.eachEntry(filter) { try write(widths.line(row($0))) }
  }

  static func headline(pending: Int, failed: Int) -> String {
    guard pending + failed > 0 else { return "nothing is pending" }
    return "\(pending) pending, \(failed) failed" + (failed == 0 ? "" : "; see progressctl failed")
  }

  static func headline(failed: Int) -> String {
    failed == 0 ? "nothing has failed" : "\(failed) failed; progressctl retry ID, or progressctl discard ID"
  }
}

extension QueueItem {
  static let header = ["ID", "STATE", "ATTEMPTS", "SINCE", "NEXT", "AS", "KEY", "LAST ANSWER"]
  /// Whose token an entry goes out with.
  static let accountColumn = 5

  /// - Parameter account: With whose token it goes out, in words.
  func row(now: Timestamp, hold: Hold? = nil, account: String = "-", style: TextStyle) -> [String] {
    [
      "\(id)", style.paint(state.rawValue, state.colour), "\(attempts)/\(maximumAttempts)", (now - waitingSince).inWords,
      nextAttempt(now: now, hold: hold), account, key.singleLine, lastAnswer ?? "",
    ]
  }

  /// When it is tried next: never sooner than what stands in the way lets it.
  func nextAttempt(now: Timestamp, hold: Hold? = nil) -> String {
    guard let nextAttemptAt else { return "-" }
    guard let hold else { return nextAttemptAt <= now ? "now" : "in \((nextAttemptAt - now).inWords)" }
    guard let end = hold.end, end > now || nextAttemptAt > now else { return hold.word }
    return "in \((max(end, nextAttemptAt) - now).inWords)"
  }

  /// The status and the words of the last answer, or of the network; nil before the first failure.
  var lastAnswer: String? {
    let status = lastStatus.map { "\($0)" }
    // Some reasons begin with the status.
    let parts = [status.flatMap { lastError?.hasPrefix($0) == true ? nil : $0 }, lastError].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: ": ").singleLine
  }
}

extension QueueItem.State {
  var colour: TextStyle.Colour? {
    switch self {
    case .waiting, .retrying: nil
    case .parked: .yellow
    case .failed: .red
    }
  }
}

extension ControlClient.Source {
  /// What is to be said of an answer that is not the daemon's.
  var remark: String {
    switch self {
    case .daemon: ""
    case .files(let error): " (\(error); this is from its files)"
    }
  }
}
