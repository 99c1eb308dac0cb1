import Glibc

/// What the queue takes of its disk, and what is left.
package struct QueueFiles: Hashable, Sendable {
  /// Bytes of the database.
  package let database: Int
  /// Bytes of the log that goes before it; SQLite uses them again, so they do not fall with what stands in it.
  package let log: Int
  /// Bytes that are kept for settling on a full disk; 0 while they are given up.
  package let reserve: Int
  /// Bytes that this user may still fill beside them.
  package let free: Int

  /// Looks at the queue at `path`; what is not there takes nothing.
  package init(path: String) {
    let reserve = DiskReserve(besides: path)
    (database, log) = (Self.size(path), Self.size(path + "-wal"))
    (self.reserve, free) = (Self.size(reserve.path), reserve.available)
  }

  private static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}
