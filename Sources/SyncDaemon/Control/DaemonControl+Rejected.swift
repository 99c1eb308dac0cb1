import ControlProtocol
import ControlServer
import ProgressModel
import Spool

extension DaemonControl {
  func rejectedFiles(for caller: Caller) async throws -> [ControlProtocol.RejectedFile] {
    try rejectedFiles.list(of: caller.confinement).map { entry in
      ControlProtocol.RejectedFile(
        name: "\(entry.name)", reason: entry.reason ?? "no reason is kept", size: entry.size, rejectedAt: entry.rejectedAt,
        sender: entry.sender)
    }
  }

  /// Bytes of a rejected file that are shown: more than an action file may have by default.
  private static let shownBytes = 1 << 20

  func rejectedFile(named name: String, for caller: Caller) async throws -> [UInt8] {
    guard let spoolName = SpoolName(escaped: name),
      let contents = try rejectedFiles.contents(of: spoolName, of: caller.confinement, atMost: Self.shownBytes)
    else { throw ControlRefusal(.notFound, "rejected/ has no \(JSONValue.string(name).summary) of yours; list them first") }
    return contents.bytes
  }

  func requeue(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport {
    let (selection, unreadable) = choice.selection
    return CommandReport(try rejectedFiles.requeue(selection, of: caller.confinement), unreadable: unreadable, done: "requeued")
  }

  func discard(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport {
    let (selection, unreadable) = choice.selection
    return CommandReport(try rejectedFiles.discard(selection, of: caller.confinement), unreadable: unreadable, done: "discarded")
  }
}

extension RejectedChoice {
  /// What is named, and names that no file can have.
  fileprivate var selection: (RejectedSelection, unreadable: [String]) {
    guard !all else { return (.all, []) }
    let read = names.map { ($0, SpoolName(escaped: $0)) }
    return (.names(read.compactMap(\.1)), read.filter { $0.1 == nil }.map(\.0))
  }
}

extension CommandReport {
  fileprivate init(_ change: RejectedChange, unreadable: [String], done: String) {
    let number = change.changed.count
    let missing = change.missing.map(\.description) + unreadable
    var clauses = ["\(number) \(number == 1 ? "file" : "files") \(done)"]
    if !missing.isEmpty { clauses.append("\(missing.count) not there") }
    clauses += change.refused.map(\.description)
    self.init(changed: number, missing: missing, message: clauses.joined(separator: "; "))
  }
}
