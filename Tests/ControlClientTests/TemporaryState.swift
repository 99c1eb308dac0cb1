import ControlClient
import FoundationEssentials
import Glibc
import ProgressModel
import SyncPolicy
import SyncStore

let start = Timestamp(milliseconds: 1_769_614_200_000)

/// A daemon's state directory of a test's own, removed when the test lets go of it.
final class TemporaryState {
  let directory: URL
  var queuePath: String { directory.appending(path: "queue.sqlite").path }
  var lockPath: String { directory.appending(path: "lock").path }
  var files: DaemonFiles { DaemonFiles(queuePath: queuePath, lockPath: lockPath, maximumAttempts: 3) }
  var socketPath: String { directory.appending(path: "control.sock").path }

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  }

  deinit {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }

  /// The daemon's end of the queue.
  func openStore() throws -> SyncStore { try SyncStore(path: queuePath) }
}

/// A daemon's lock, held until the holder goes.
final class HeldLock {
  private let descriptor: CInt

  init(at path: String, writing text: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, write(descriptor, text, text.utf8.count) == text.utf8.count else {
      throw ControlError.unreadable("cannot lock \(path): \(errno)")
    }
  }

  deinit { close(descriptor) }
}

extension SyncStore {
  /// Accepts one file that holds `action`, as its sender dropped it.
  func accept(_ change: Action.Change, day: Int = 3, id: String? = nil, sender: UInt32 = 1000, at now: Timestamp = start) throws {
    guard let session = ProgramID("p1").flatMap({ Session(program: $0, week: 1, day: day) }) else { return }
    let action = Action(session: session, change: change, id: id.flatMap { ActionID($0) })
    let debounce = DebouncePolicy(
      complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2), maxWait: .seconds(5)
    )
    let file = AcceptableFile(claim: UUID().uuidString, sender: sender, droppedAt: now, actions: [action])
    _ = try accept([file], now: now, debounce: debounce, inFlight: [], forgetting: [])
  }

  /// Gives the last accepted write a fate.
  func settleLast(_ fate: Fate, at now: Timestamp = start) throws {
    var last: Int64 = 0
    try forEachEntry { last = $0.sequence }
    _ = try settle([Settlement(sequence: last, fate: fate)], pause: nil, now: now)
  }
}
