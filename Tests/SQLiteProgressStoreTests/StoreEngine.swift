import ProgressModel
import ProgressStore
import SQLiteProgressStore
import TestSupport
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
