import Foundation
import ProgressModel
import SyncPolicy
@testable import SyncStore

/// A queue in a directory of its own, which goes with it.
final class TemporaryQueue {
  let directory: URL
  var path: String { directory.appending(path: "queue.sqlite").path }

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "queue-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  }

  deinit {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }

  func open() throws -> SyncStore { try SyncStore(path: path) }
}

let debounce = DebouncePolicy(
  complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2), maxWait: .seconds(5))
let start = Timestamp(milliseconds: 1_769_614_200_000)

func session(_ program: String = "p1", _ week: Int = 1, _ day: Int = 3) throws -> Session {
  guard let program = ProgramID(program), let session = Session(program: program, week: week, day: day) else {
    throw SyncStoreError.other("no session: \(program) \(week) \(day)")
  }
  return session
}

extension QueueEntry {
  /// What it says, read back; nil when it is unreadable.
  var write: Write? {
    guard let key = WriteKey.spelled(key).first, let value = WriteValue(stored: value) else { return nil }
    return Write(session: key.session, value: value, recordedAt: recordedAt)
  }
}

extension SyncStore {
  /// Accepts one file that holds `actions`.
  @discardableResult
  func accept(
    _ actions: Action..., claim: String = UUID().uuidString, sender: UInt32 = 1000, at now: Timestamp = start, inFlight: Set<Int64> = [],
    forgetting: [String] = []
  ) throws -> Acceptance {
    let file = AcceptableFile(claim: claim, sender: sender, droppedAt: now, actions: actions)
    return try accept([file], now: now, debounce: debounce, inFlight: inFlight, forgetting: forgetting)[0]
  }

  func entries() throws -> [QueueEntry] {
    var entries: [QueueEntry] = []
    try forEachEntry { entries.append($0) }
    return entries
  }
}
