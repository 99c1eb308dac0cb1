import Glibc
import ProgressModel

/// What stat(2) says of an entry, as far as the spool asks.
struct FileStatus: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case regular, directory, symbolicLink, fifo, socket, device
  }

  let kind: Kind
  let device: UInt64
  let inode: UInt64
  let links: Int
  let owner: UInt32
  let permissions: UInt32
  let size: Int
  let modified: FileTime
  let changed: FileTime

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      default: .device
      }
    (device, inode, links) = (UInt64(status.st_dev), UInt64(status.st_ino), Int(status.st_nlink))
    (owner, permissions, size) = (status.st_uid, status.st_mode & 0o7777, Int(status.st_size))
    (modified, changed) = (FileTime(status.st_mtim), FileTime(status.st_ctim))
  }

  /// Whether `later` shows the same file with, as far as stat can tell, the same contents.
  func isUnchanged(in later: FileStatus) -> Bool {
    (device, inode, size, modified) == (later.device, later.inode, later.size, later.modified)
  }

  /// Whether both are the same file or directory.
  func isSameFile(as other: FileStatus) -> Bool { (device, inode) == (other.device, other.inode) }
}

/// A time of a file, as fine as the file system keeps it: two files of one millisecond still have an order.
struct FileTime: Hashable, Comparable, Sendable {
  let seconds: Int
  let nanoseconds: Int

  init(_ time: timespec) {
    (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec)
  }

  /// The instant in milliseconds, finer digits cut. Times beyond any calendar (a corrupt inode) count as the epoch.
  var timestamp: Timestamp {
    let (scaled, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1000)
    return Timestamp(milliseconds: overflow ? 0 : scaled &+ Int64(nanoseconds / 1_000_000))
  }

  static func < (left: FileTime, right: FileTime) -> Bool { (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds) }
}
