import ControlClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import Systemd

extension [QueueItem] {
  /// Gives the entries for people to `write`, line by line; nothing when there are none.
  func writeTable(now: Timestamp, style: TextStyle, _ write: (String) throws -> Void) rethrows {
    guard !isEmpty else { return }
    let header = [["ID", "STATE", "ATTEMPTS", "SINCE", "NEXT", "KEY", "LAST ANSWER"]]
    let rows = lazy.map { $0.row(now: now, style: style) }
    try Table([AnyCollection(header), AnyCollection(rows)].lazy.joined()).writeLines(write)
  }

  /// Gives each entry for scripts to `write`, as a line of JSON.
  func writeJSONLines(_ write: (String) throws -> Void) throws {
    for item in self { try write(ControlCoding.text(of: item) + "\n") }
  }
}

extension QueueItem {
  fileprivate func row(now: Timestamp, style: TextStyle) -> [String] {
    [
      "\(id)", style.paint(state.rawValue, state.colour), "\(attempts)/\(maximumAttempts)", (now - waitingSince).inWords,
      nextAttempt(now: now), key.singleLine, lastAnswer ?? "",
    ]
  }

  func nextAttempt(now: Timestamp) -> String {
    nextAttemptAt.map { $0 <= now ? "now" : "in \(($0 - now).inWords)" } ?? "-"
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
