import FoundationEssentials
import ProgressModel
import ProgressStore
import SQLiteProgressStore
import Testing

/// An engine that the conformance suite runs over.
struct StoreEngine: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Runs the test with that many stores, open at once on one fresh database.
  let withStores: @Sendable (_ count: Int, _ test: ([any ProgressStore]) async throws -> Void) async throws -> Void

  func withStore(_ test: (any ProgressStore) async throws -> Void) async throws {
    try await withStores(1) { try await test($0[0]) }
  }

  static let all = [
    StoreEngine(testDescription: "SQLite") { count, test in
      try await withTemporaryDirectory { directory in
        try await test((0..<count).map { _ in try SQLiteProgressStore(path: directory + "/progress.sqlite") })
      }
    }
  ]
}

/// Gives a test a fresh directory of its own.
func withTemporaryDirectory(_ test: (String) async throws -> Void) async throws {
  let directory = FileManager.default.temporaryDirectory.appending(path: "progress-store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }  // What is left lies in the system's own temporary directory.
  try await test(directory.path)
}
