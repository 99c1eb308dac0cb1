import Foundation
import Logging
import ProgressModel
import SyncDaemon
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("Every kind of line has an id, fields, and an entry in the catalog")
struct MessageKindTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// One entry of `systemd/progress-sync.catalog`.
  private struct CatalogEntry {
    let id: String
    let headers: [String: String]
    let text: String

    init(_ block: Substring) {
      let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
      id = String(lines[0])
      let headers = lines.dropFirst().prefix { !$0.isEmpty }
      self.headers = Dictionary(
        headers.compactMap { line in line.firstRange(of: ": ").map { (String(line[..<$0.lowerBound]), String(line[$0.upperBound...])) } }
      ) { _, last in last }
      text = lines.dropFirst(headers.count + 1).joined(separator: "\n")
    }
  }

  private let catalog: [CatalogEntry]

  init() throws {
    let text = try String(contentsOf: Self.root.appending(path: "systemd/progress-sync.catalog"), encoding: .utf8)
    catalog = text.split(separator: "\n-- ").dropFirst().map(CatalogEntry.init)
  }

  @Test("ids are 128 bits in hexadecimal, each once, and the catalog has the very same, in their order")
  func ids() {
    #expect(MessageKind.allCases.allSatisfy { $0.id.wholeMatch(of: /[0-9a-f]{32}/) != nil })
    #expect(catalog.map(\.id) == MessageKind.allCases.map(\.id))
  }

  @Test("an entry of the catalog says what it is about, who says it and where to read on, and names only fields that the line has")
  func entries() throws {
    for entry in catalog {
      let kind = try #require(MessageKind(rawValue: entry.id))
      #expect(entry.headers["Subject"]?.isEmpty == false, "\(kind)")
      #expect(entry.headers["Defined-By"] == "progress-sync", "\(kind)")
      #expect(entry.headers["Support"] == "file:///usr/share/doc/progress-sync/docs/JOURNAL.md", "\(kind)")
      #expect(entry.headers["Documentation"] == "man:progress-syncd(8)", "\(kind)")
      #expect(entry.text.count > 40 && entry.text.split(separator: "\n").allSatisfy { $0.count <= 140 }, "\(kind)")
      let named = entry.text.matches(of: /@([A-Z_]+)@/).map { String($0.1) }
      #expect(Set(named).isSubset(of: kind.fields.map(\.rawValue)), "\(kind) names \(named)")
    }
  }

  @Test("the commands that the catalog advises are progressctl's")
  func commands() throws {
    let verbs: Set = [
      "clear", "completion", "config", "discard", "doctor", "failed", "flush", "log-level", "pause", "queue", "rejected", "reload",
      "resume", "retry", "show-entry", "status", "watch",
    ]
    for entry in catalog {
      for command in entry.text.matches(of: /progressctl ([a-z-]+)/) { #expect(verbs.contains(String(command.1)), "\(command.0)") }
    }
  }

  @Test("systemd reads the catalog as it is written", .enabled(if: access("/usr/bin/journalctl", X_OK) == 0, "there is no journalctl"))
  func compiled() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "catalog-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }  // What is left lies in the system's own temporary directory.
    let place = directory.appending(path: "usr/lib/systemd/catalog")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(at: directory.appending(path: "var/lib/systemd/catalog"), withIntermediateDirectories: true)
    let file = "progress-sync.catalog"
    try FileManager.default.copyItem(at: Self.root.appending(path: "systemd/\(file)"), to: place.appending(path: file))
    #expect(try journalctl("--root=\(directory.path)", "--update-catalog") == "")
    let listed = try journalctl("--root=\(directory.path)", "--list-catalog").split(separator: "\n")
    let subjects = catalog.map { "\($0.id) progress-sync: \($0.headers["Subject"] ?? "")" }
    #expect(listed.map(String.init).sorted() == subjects.sorted())
  }

  @Test("docs/JOURNAL.md prints the fields and the kinds")
  func documented() throws {
    let text = try String(contentsOf: Self.root.appending(path: "docs/JOURNAL.md"), encoding: .utf8)
    let fields = ["| field | what it holds |", "|---|---|"] + JournalField.allCases.map { "| `\($0.rawValue)` | \($0.meaning) |" }
    let kinds =
      ["| what has happened | priority | `MESSAGE_ID` | fields |", "|---|---|---|---|"]
      + MessageKind.allCases.map { kind in
        let subject = catalog.first { $0.id == kind.id }?.headers["Subject"] ?? ""
        return "| \(subject) | \(kind.level) | `\(kind.id)` | \(kind.fields.map { "`\($0.rawValue)`" }.joined(separator: " ")) |"
      }
    for table in [fields, kinds] {
      let table = table.joined(separator: "\n")
      #expect(text.contains(table), "docs/JOURNAL.md should hold:\n\(table)")
    }
  }

  @Test("nothing in the daemon is said without a kind")
  func tidy() throws {
    for folder in ["Sources/SyncDaemon", "Sources/progress-syncd"] {
      let files = try #require(FileManager.default.enumerator(at: Self.root.appending(path: folder), includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(!text.contains(/logger\.(trace|debug|info|notice|warning|error|critical|log)\(/), "\(file.lastPathComponent)")
      }
    }
  }

  @Test("the line of every event has the id and the fields of its kind, alone and as a summary", arguments: try events())
  func lines(event: SyncEvent) throws {
    let log = Recording()
    log.tell([SyncEvent](repeating: event, count: 300), at: 0)
    log.finish(at: 30)
    for entry in log.entries {
      let kind = try #require(entry.metadata["MESSAGE_ID"].flatMap { MessageKind(rawValue: "\($0)") })
      #expect(kind.fields.allSatisfy { entry.metadata[$0.rawValue] != nil }, "\(entry)")
    }
    #expect(log.entries.count(where: { $0.metadata["PROGRESS_COUNT"] != nil }) == 1)
  }

  private static func events() throws -> [SyncEvent] {
    let key = WriteKey(session: try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: 3) }), field: .completion)
    let entry = EntryReference(sequence: 7, key: key, sender: 1_000)
    let id = try #require(ActionID("id"))
    func acceptance(_ change: (inout Acceptance) -> Void) -> SyncEvent {
      var acceptance = Acceptance(claim: "c")
      change(&acceptance)
      return .accepted(file: "f", sender: 1_000, acceptance)
    }
    let now = Timestamp(milliseconds: 0)
    let hold = ReachedBound(sender: 1_000, bound: .keys, limit: 5, since: now)
    return [
      .boundReached(hold), .boundLeft(hold),
      acceptance { $0.entries = [entry] }, acceptance { $0.outdated = [key] }, acceptance { $0.repeated = [id] },
      .refused(file: "f", sender: 1_000, reason: "r", storedAs: "f"), .ignored(file: "f", reason: "r"), .retrying(entry, attempt: 1, of: 3),
      .synced(entry, droppedAt: now, afterFailures: 0), .synced(entry, droppedAt: nil, afterFailures: 1),
      .attemptFailed(entry, failures: 1, wasParked: false, status: nil, reason: "r"), .parked(entry),
      .rejected(entry, status: 422, reason: "r"), .setAside(row: 7), .endpoint(.reachable), .endpoint(.paused(until: now, reason: "r")),
      .endpoint(.failing(since: now, failures: 1, freshAt: now, probeAt: now, reason: "r")),
      .endpoint(.unreachable(since: now, failures: 1, probeAt: now, reason: "r")),
      .held(Hold(since: now, cause: .refused(status: 401), reason: "r"), of: .common, entries: nil),
      .held(Hold(since: now, cause: .noToken, reason: "r"), of: .user(1_000), entries: 1), .released(.common), .released(.user(1_000)),
      .storageFailed(reason: "r"), .storageRecovered,
      .removalFailed(reason: "r"), .discarded(entry, by: 0), .clearing(sender: nil, by: 0), .cleared(count: 2, sender: nil, by: 0),
      .retriedByHand(count: 2, by: 0),
      .flushed(by: 0, sender: nil), .suspended(Suspension(since: now, length: nil, by: 0)), .resumed(by: nil),
    ]
  }

  private func journalctl(_ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/journalctl")
    process.arguments = arguments
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    let words = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: words, as: UTF8.self)
  }
}
