import Foundation
import GRDB
import ProgressModel
@testable import SyncStore

/// A place for the queues of simulations; one at a time.
struct Laboratory {
  private let directory: URL
  /// The same for all simulations, emptied between them: to open a queue takes longer than many lives.
  private let store: SyncStore

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

  /// What a simulation came to; nil when all promises were kept.
  func simulate(seed: UInt64, bug: DeliberateBug? = nil, isTraced: Bool = false) throws -> String? {
    try store.empty()
    let simulation = Simulation(seed: seed, bug: bug, store: store, isTraced: isTraced)
    guard let violation = simulation.live() else { return nil }
    let story = simulation.trace.map { "\n" + $0.suffix(60).joined(separator: "\n") } ?? ""
    return "seed \(seed): \(violation)\(story)"
  }

  func remove() {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }
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
          DELETE FROM sqlite_sequence;
          UPDATE pause SET until_ms = NULL, length_ms = NULL, reason = NULL;
          UPDATE last_sync SET at_ms = NULL;
          """)
    }
  }

  /// What has not been delivered, for a report.
  func pending() throws -> [String] {
    var pending: [String] = []
    try forEachEntry { entry in
      if let dueAt = entry.dueAt { pending.append("\(entry.key), \(entry.state), due at \(dueAt.rfc3339)") }
    }
    return pending
  }
}
