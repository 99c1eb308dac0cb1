import Glibc

/// Space on the queue's disk that is kept for settling: a file of allocated blocks, `queue.reserve`, that is given up when the disk is full.
///
/// Without it a full disk would stop deliveries for good: even a deletion is written to the log first. What takes actions in needs
/// the reserve whole, and so can never use it up. The file's presence is the whole state; a crash leaves nothing to mend.
struct DiskReserve: Sendable {
  private let directory: String
  var path: String { directory + "/queue.reserve" }

  /// Twice what stands in the log when SQLite copies it into the database by itself (1 000 pages).
  private static let largest = 8 << 20
  /// Enough to settle what a handful of answers touches.
  private static let smallest = 64 << 10

  init(besides queue: String) {
    directory = queue.lastIndex(of: "/").map { String(queue[..<$0]) } ?? "."
  }

  /// How many bytes are to be reserved: less on a small file system.
  var size: Int {
    let total = fileSystem.map { Int(clamping: UInt64($0.f_blocks) * UInt64($0.f_frsize)) } ?? 0
    return min(Self.largest, max(Self.smallest, total / 8))
  }

  /// How many bytes this user may still fill beyond the reserve.
  var available: Int {
    fileSystem.map { Int(clamping: UInt64($0.f_bavail) * UInt64($0.f_frsize)) } ?? 0
  }

  var isWhole: Bool {
    var status = stat()
    return stat(path, &status) == 0 && Int(status.st_size) == size
  }

  /// Reserves the space; returns the system's reason, and takes none, when it cannot be had, otherwise 0.
  func make() -> Int32 {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return errno }
    defer { close(file) }
    let refusal = posix_fallocate(file, 0, off_t(size))
    guard refusal == 0, ftruncate(file, off_t(size)) == 0 else {
      let reason = refusal == 0 ? errno : refusal
      unlink(path)
      return reason
    }
    return 0
  }

  /// Gives the space back to the disk; returns false when there was none.
  func giveUp() -> Bool {
    unlink(path) == 0
  }

  /// Why the disk refuses a small write now; 0 when it does not. SQLite says of most troubles only that there was one.
  func refusal() -> Int32 {
    let path = directory + "/queue.probe"
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return errno }
    defer {
      close(file)
      unlink(path)
    }
    let block = [UInt8](repeating: 0, count: 4_096)
    return pwrite(file, block, block.count, 0) == block.count && fsync(file) == 0 ? 0 : errno
  }

  private var fileSystem: statvfs? {
    var status = statvfs()
    return statvfs(directory, &status) == 0 ? status : nil
  }
}
