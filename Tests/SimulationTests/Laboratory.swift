import Foundation
import GRDB
import ProgressModel
@testable import SyncStore

/// A place for the queues of simulations; one at a time.
struct Laboratory {
  private let directory: URL

  init() throws {
    let memory = URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    let parent = FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
    directory = parent.appending(path: "simulation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  }

  /// A fresh queue. It need not survive a power cut: only the machine in the simulation dies.
  func makeStore() throws -> SyncStore {
    let file = directory.appending(path: "queue.sqlite").path
    for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: file + suffix) {
      try FileManager.default.removeItem(atPath: file + suffix)
    }
    let store = try SyncStore(path: file)
    try store.database.inDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    return store
  }

  /// What a simulation came to; nil when all promises were kept.
  func simulate(seed: UInt64, bug: DeliberateBug? = nil, isTraced: Bool = false) throws -> String? {
    let simulation = Simulation(seed: seed, bug: bug, store: try makeStore(), isTraced: isTraced)
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
  /// What has not been delivered, for a report.
  func pending() throws -> [String] {
    var pending: [String] = []
    try forEachEntry { entry in
      if let dueAt = entry.dueAt { pending.append("\(entry.key), \(entry.state), due at \(dueAt.rfc3339)") }
    }
    return pending
  }
}
