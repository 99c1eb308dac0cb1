import Glibc
package import SystemPackage

/// The exclusive lock on the state directory: one daemon per queue.
///
/// The kernel lets go of it when the process ends, however it ends ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html)),
/// so no stale lock can keep a daemon from starting.
package struct StateLock: ~Copyable {
  private let descriptor: FileDescriptor

  /// Takes the lock of `directory`.
  ///
  /// Throws `StateLockError`; `.held` names the process that has it.
  package init(directory: FilePath) throws(StateLockError) {
    descriptor = try Self.lockedFile(at: directory.appending("lock"))
    // The lock holds without the number in the file; only a second daemon then cannot say who has it.
    try? descriptor.resize(to: 0)
    _ = try? descriptor.writeAll(toAbsoluteOffset: 0, "\(getpid())\n".utf8)
  }

  private static func lockedFile(at path: FilePath) throws(StateLockError) -> FileDescriptor {
    do {
      let descriptor = try FileDescriptor.open(
        path, .readWrite, options: [.create, .closeOnExec, .noFollow], permissions: [.ownerReadWrite])
      guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 else { return descriptor }
      let error = Errno(rawValue: errno)
      let holder = holder(in: descriptor)
      // Nothing was written, so there is nothing that closing could lose.
      try? descriptor.close()
      if error == .wouldBlock { throw StateLockError.held(directory: path.removingLastComponent(), process: holder) }
      throw error
    } catch let error as StateLockError {
      throw error
    } catch {
      throw .unusable(path: path, reason: "\(error)")
    }
  }

  /// Takes the lock, and tries for a moment when it is held: `progressctl` looks whether a daemon runs by holding it for an instant.
  package static func acquire(in directory: FilePath) async throws -> StateLock {
    for _ in 1...10 {
      do throws(StateLockError) {
        return try StateLock(directory: directory)
      } catch .held {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return try StateLock(directory: directory)
  }

  deinit {
    // Closing is what lets go.
    try? descriptor.close()
  }

  private static func holder(in descriptor: FileDescriptor) -> Int32? {
    let text = try? withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { buffer in
      let count = try descriptor.read(fromAbsoluteOffset: 0, into: buffer)
      return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    return text.flatMap { Int32($0.prefix { $0 != "\n" }) }
  }
}

/// Why the state directory is not ours.
package enum StateLockError: Error, Hashable, CustomStringConvertible {
  case held(directory: FilePath, process: Int32?)
  case unusable(path: FilePath, reason: String)

  package var description: String {
    switch self {
    case .held(let directory, let process):
      "\(directory) is in use by another progress-syncd\(process.map { ", process \($0)" } ?? ""): stop it first"
    case .unusable(let path, let reason):
      "cannot lock \(path): \(reason); see that the daemon may write there: its owner, its mode, and ReadWritePaths= of the service"
    }
  }
}
