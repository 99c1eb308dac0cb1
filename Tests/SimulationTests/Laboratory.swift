import Foundation
import GRDB
@testable import SyncStore
import Threads

/// A place for the queues of simulations; one at a time, on a thread of its own: a life awaits nothing, and would keep all other tests waiting.
actor Laboratory {
  private let thread = BlockingExecutor(label: "laboratory")
  private let directory: URL
  /// The same for all simulations, emptied between them: to open a queue takes longer than many lives.
  private let store: SyncStore

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init() throws {
    let memory = URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    let parent = FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
    directory = parent.appending(path: "simulation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    store = try SyncStore(path: directory.appending(path: "queue.sqlite").path)
    // It need not survive a power cut: only the machine in the simulation dies.
    try store.database.inDatabase { database in
      for pragma in ["synchronous = OFF", "journal_mode = MEMORY", "locking_mode = EXCLUSIVE"] {
        try database.execute(sql: "PRAGMA \(pragma)")
      }
    }
  }

  /// What a simulation came to.
  func simulate(seed: UInt64, bug: DeliberateBug? = nil, isTraced: Bool = false) throws -> LifeStory {
    try store.empty()
    let simulation = Simulation(seed: seed, bug: bug, store: store, isTraced: isTraced)
    let violation = simulation.live()
    return LifeStory(violation: violation.map { "seed \(seed): \($0)" }, trace: simulation.trace)
  }

  deinit {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }
}

/// A life that was simulated.
struct LifeStory {
  /// The first broken promise; nil when all were kept.
  let violation: String?
  /// What happened, if that was to be kept.
  let trace: [String]?

  var lastWords: String { (trace ?? []).suffix(60).joined(separator: "\n") }
}

extension SyncStore {
  /// Makes a fresh queue of it.
  fileprivate func empty() throws {
    try transaction { database in
      try database.execute(
        sql: """
          DELETE FROM writes;
          DELETE FROM receipts;
          DELETE FROM client_actions;
          DELETE FROM senders;
          DELETE FROM client_action_tallies;
          DELETE FROM sqlite_sequence;
          DELETE FROM suspension;
          DELETE FROM discards;
          UPDATE totals SET \(QueueTotals.columns.map { "\($0.name) = 0" }.joined(separator: ", "));
          UPDATE pause SET until_ms = NULL, length_ms = NULL, reason = NULL;
          UPDATE last_sync SET at_ms = NULL;
          """)
    }
  }

  /// All that stands in the queue.
  func rows() throws -> [QueueRow] {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: "SELECT id, state = 'failed', coalesce(last_status IS NOT NULL AND last_reason <> '', FALSE) FROM writes")
      return try Row.fetchAll(statement).map { QueueRow(id: $0[0], isFailed: $0[1], hasReason: $0[2]) }
    }
  }
}
