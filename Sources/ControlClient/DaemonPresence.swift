import Glibc

/// Whether a daemon works on the queue.
package enum DaemonPresence: Hashable, Sendable {
  /// `process` is nil while the daemon has not written its number yet.
  case running(process: Int32?)
  case stopped
  /// Who asks may not know.
  case unknown

  /// Looks whether somebody holds the daemon's lock, which lies on the file at `lockPath`
  /// ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html)).
  ///
  /// The kernel frees the lock when its holder ends, however it ends, so a number that is left in the file misleads nobody.
  /// For the look, a shared lock is taken and released at once where nobody holds the other one.
  init(lockPath: String) {
    // Not waiting for whatever else may have been put there, and not following it.
    let descriptor = open(lockPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      self = errno == ENOENT ? .stopped : .unknown
      return
    }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
      self = .stopped
    } else if errno == EWOULDBLOCK {
      self = .running(process: Self.processNumber(in: descriptor))
    } else {
      self = .unknown
    }
  }

  private static func processNumber(in descriptor: CInt) -> Int32? {
    let digits = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
    }
    return Int32(String(decoding: digits.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
