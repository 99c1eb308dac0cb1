import Foundation
import Glibc
import SyncDaemon
import SystemPackage
import TestSupport
import Testing

@Suite("The lock of the state directory")
struct StateLockTests {
  @Test("is one daemon's at a time, and the next is told whose")
  func held() async throws {
    try await withTemporaryDirectory { path in
      let directory = FilePath(path)
      let lock = try StateLock(directory: directory)
      #expect(throws: StateLockError.held(directory: directory, process: getpid())) { _ = try StateLock(directory: directory) }
      _ = consume lock
      _ = try StateLock(directory: directory)
    }
  }

  @Test("where it cannot be had, the reason is said, and what to look at")
  func unusable() async throws {
    try await withTemporaryDirectory { path in
      try FileManager.default.createDirectory(atPath: path + "/lock", withIntermediateDirectories: false)
      let error = #expect(throws: StateLockError.self) { _ = try StateLock(directory: FilePath(path)) }
      let text = try #require(error?.description)
      #expect(text.hasPrefix("cannot lock \(path)/lock: Is a directory; "))
      #expect(text.contains("ReadWritePaths="))
    }
  }
}
