import ControlProtocol
import ControlServer
import Logging
import ProgressModel
import Spool

extension DaemonControl {
  func rejectedFiles(for caller: Caller) async throws -> [ControlProtocol.RejectedFile] {
    try await desk.run { try rejectedFiles.list(of: caller.confinement) }.map { entry in
      ControlProtocol.RejectedFile(
        name: "\(entry.name)", reason: entry.reason ?? "no reason is kept", size: entry.size, rejectedAt: entry.rejectedAt,
        sender: entry.sender)
    }
  }

  /// Bytes of a rejected file that are shown: more than an action file may have by default.
  private static let shownBytes = 1 << 20

  func rejectedFile(named name: String, for caller: Caller) async throws -> [UInt8] {
    do {
      guard let spoolName = SpoolName(escaped: name),
        let contents = try await desk.run({ try rejectedFiles.contents(of: spoolName, of: caller.confinement, atMost: Self.shownBytes) })
      else { throw ControlRefusal(.notFound, "rejected/ has no \(JSONValue.string(name).summary) of yours; list them first") }
      return contents.bytes
    } catch let error as RejectedFileError {
      throw ControlRefusal(.conflict, "\(error)")
    }
  }

  func requeue(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport {
    try await change(choice, done: "requeued", as: .filesRequeued, by: caller) { try rejectedFiles.requeue($0, of: caller.confinement) }
  }

  func discard(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport {
    try await change(choice, done: "discarded", as: .filesDiscarded, by: caller) { try rejectedFiles.discard($0, of: caller.confinement) }
  }

  /// So many files are moved between two looks at whether anybody waits for it; each step is durable.
  private static let step = 500

  private func change(
    _ choice: RejectedChoice, done: String, as kind: MessageKind, by caller: Caller,
    _ deed: @Sendable (RejectedSelection) throws -> RejectedChange
  ) async throws -> CommandReport {
    let (named, unreadable) = choice.selection
    let names =
      switch named {
      case .names(let names): names
      case .all: try await desk.run { try rejectedFiles.allNames() }
      }
    var change = RejectedChange()
    defer {
      say(kind, change, by: caller)
      // There may be room now for what a bound keeps in incoming/.
      if !change.changed.isEmpty { commons.doorbell.ring { $0.spoolRang = true } }
    }
    for start in stride(from: 0, to: names.count, by: Self.step) {
      do {
        try Task.checkCancellation()
        change.add(try await desk.run { try deed(.names(Array(names[start...].prefix(Self.step)))) })
      } catch {
        let reason = error is CancellationError ? "nobody waited for the rest" : "\(error)"
        throw ControlRefusal(.unavailable, "\(reason); \(change.changed.count) were \(done) before: ask again for the rest")
      }
    }
    // Of all, those of others were not asked for.
    if named == .all { change.missing = [] }
    return CommandReport(change, unreadable: unreadable, done: done)
  }

  /// Has the journal know who did it; a file that is alone is named.
  private func say(_ kind: MessageKind, _ change: RejectedChange, by caller: Caller) {
    guard let first = change.changed.first else { return }
    let number = change.changed.count
    let files = number == 1 ? "rejected/\(first)" : "\(number) files of rejected/"
    var fields: [JournalField: String] = [.caller: "\(caller.uid)", .files: "\(number)"]
    if number == 1 { fields[.rejectedAs] = "\(first)" }
    logger.say(kind, "\(kind == .filesRequeued ? "Given back" : "Discarded") at the wish of user \(caller.uid): \(files)", fields)
  }
}

extension RejectedChange {
  fileprivate mutating func add(_ other: RejectedChange) {
    changed += other.changed
    missing += other.missing
    refused += other.refused
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
    if !change.refused.isEmpty { clauses.append("\(change.refused.count) left as \(change.refused.count == 1 ? "it was" : "they were")") }
    self.init(
      changed: number, missing: missing, refused: change.refused.map { "\($0)" }, message: clauses.joined(separator: "; "))
  }
}
