import GRDB
import Glibc
package import Measurements
import Synchronization

/// The daemon's one database: the durable queue, and the receipts that make replays harmless.
///
/// Every method that changes something is one transaction, and when it returns, the change survives a power cut: the
/// journal mode is WAL with `synchronous=FULL`, which syncs the log at each commit
/// (<https://www.sqlite.org/pragma.html#pragma_synchronous>). When it throws, nothing has changed.
package struct SyncStore: Sendable {
  let database: DatabaseQueue
  let reserve: DiskReserve
  let damageNote = DamageNote()
  /// How long the disk takes to make a commit durable: from the last change to the sync's end.
  package let commitTime = DurationHistogram.ofDisk
  /// nil for one that only looks.
  let file: FileIdentity?

  /// Opens the queue at `path`, creates or migrates it, and makes sure that its commits are durable.
  ///
  /// Throws `SyncStoreError`.
  package init(path: String, observer: @escaping OpeningObserver = { _ in }) throws {
    reserve = DiskReserve(besides: path)
    do {
      database = try Self.open(path, observer)
    } catch SyncStoreError.full(let words) {
      guard reserve.giveUp() else { throw SyncStoreError.full(words) }
      database = try Self.open(path, observer)
    }
    file = FileIdentity(path: path)
    // Without it the queue only takes nothing in, and says so then.
    if !reserve.isWhole { _ = reserve.make() }
  }

  private init(reading database: DatabaseQueue) {
    (self.database, reserve, file) = (database, DiskReserve(besides: database.path), nil)
  }

  /// Makes or opens a database whose commits are durable, with the tables of this version.
  static func openDurably(_ path: String, _ observer: @escaping OpeningObserver = { _ in }) throws -> DatabaseQueue {
    let database = try DatabaseQueue(path: path, configuration: Self.configuration)
    try database.inDatabase(Self.makeDurable)
    // What a migration of millions of rows sorts must not all be in memory.
    try database.inDatabase { try $0.execute(sql: "PRAGMA temp_store = FILE") }
    try database.observed(at: .migrating, by: observer) { try Schema.migrate(database) }
    try database.inDatabase { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
    return database
  }

  private static func open(_ path: String, _ observer: @escaping OpeningObserver) throws -> DatabaseQueue {
    do {
      let database = try openDurably(path, observer)
      // A commit whose sync failed, and whose process died of it, may stand in the log as the kernel remembers it but not on the disk.
      // Whoever believes it has to write it once more.
      try database.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
      return database
    } catch {
      throw SyncStoreError(error, path: path)
    }
  }

  /// Throws when the queue's file was removed or replaced: what is written now would be gone with this process.
  func requireInPlace() throws {
    guard FileIdentity(path: database.path) == file else { throw SyncStoreError.replaced(path: database.path) }
  }

  /// Opens the queue of a daemon, running or not, to look at it; every writing method throws.
  ///
  /// Throws `SyncStoreError`; `.missing` when no daemon has made a queue at `path` yet.
  package static func reading(path: String) throws -> SyncStore {
    var configuration = Self.configuration
    configuration.readonly = true
    guard access(path, F_OK) == 0 || errno != ENOENT else { throw SyncStoreError.missing(path: path) }
    do {
      let database = try DatabaseQueue(path: path, configuration: configuration)
      try database.read(Schema.requireCurrent)
      return SyncStore(reading: database)
    } catch {
      throw SyncStoreError(error, path: path)
    }
  }

  static let pageSize = 4_096

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "queue"
    configuration.busyMode = .timeout(5)
    // Inside a sandbox there may be no place for temporary files.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
    return configuration
  }

  /// GRDB's own WAL setting would set `synchronous=NORMAL`, under which a power cut takes commits back.
  private static func makeDurable(_ database: Database) throws {
    // Both hold for a file that is made now; another one keeps what it was made with.
    try database.execute(sql: "PRAGMA page_size = \(pageSize); PRAGMA auto_vacuum = INCREMENTAL")
    let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    try database.execute(sql: "PRAGMA synchronous = FULL")
    let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
    guard journal == "wal", synchronous == 2 else {
      throw SyncStoreError.notDurable("journal_mode is \(journal ?? "unknown") and synchronous \(synchronous ?? -1), not wal and 2")
    }
  }
}

/// Which file a path leads to.
struct FileIdentity: Hashable, Sendable {
  let device: UInt
  let inode: UInt

  /// nil when there is none.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
  }
}

/// Remembers the first damage that any call met.
final class DamageNote: Sendable {
  private let words = Mutex<String?>(nil)

  var first: String? { words.withLock { $0 } }

  func take(_ error: SyncStoreError) {
    guard case .damaged(let found) = error else { return }
    words.withLock { $0 = $0 ?? found }
  }
}
