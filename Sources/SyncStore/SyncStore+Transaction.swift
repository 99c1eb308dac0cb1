import GRDB
import Glibc
import Measurements

extension SyncStore {
  /// Runs `body` in one transaction, durable when this returns; throws `SyncStoreError`, and then nothing has changed.
  ///
  /// For what makes the queue longer, or can wait: it leaves the space alone that is reserved for settling, and throws `.full` while that
  /// cannot be had.
  func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try requireInPlace()
    try secureReserve()
    var isOverdue = false
    let result = try commit { database in
      let result = try body(database)
      isOverdue = try isCheckpointOverdue(in: database)
      return result
    }
    // What this finds no space for now, the next call does not add to.
    if isOverdue { _ = checkpoint(.passive) }
    return result
  }

  /// Runs `body` as `transaction` does, and when the disk is full, in the space that is reserved for it.
  ///
  /// For what lets writes leave the queue, or moves them in it.
  func settlingTransaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
    do {
      // On a full disk, the log must never grow into the space that the database needs to take it up.
      if !reserve.isWhole { _ = checkpoint(.restart) }
      return try commit(body)
    } catch SyncStoreError.full(let words) {
      guard reserve.giveUp() else { throw SyncStoreError.full(words) }
      _ = checkpoint(.restart)
      return try commit(body)
    }
  }

  /// Runs `body`, which reads. The daemon is the only one that writes, so it sees one state throughout; what other processes may call
  /// has to be one statement.
  ///
  /// Not GRDB's `read`: on a single connection that sets `PRAGMA query_only` each time, and setting a flag expires all prepared statements
  /// (`OP_Expire` in SQLite's pragma.c), so that each query would be compiled anew.
  func reading<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try translatingErrors { try database.inDatabase(body) }
  }

  private func secureReserve() throws {
    guard !reserve.isWhole, reserve.make() != 0 else { return }
    giveSpaceBack()
    let refusal = reserve.make()
    guard refusal == 0 else { throw SyncStoreError(database.path, errno: refusal) }
  }

  /// Commits; when the log cannot grow, it is copied into the database, and then begun anew in the space that it has.
  private func commit<Result>(_ body: (Database) throws -> Result) throws -> Result {
    do {
      return try write(body)
    } catch SyncStoreError.full(let words) {
      guard checkpoint(.restart) else { throw SyncStoreError.full(words) }
      return try write(body)
    }
  }

  private func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    var changedAt = ContinuousClock.now
    let result = try translatingErrors {
      try database.write { database in
        let result = try body(database)
        changedAt = .now
        return result
      }
    }
    commitTime.observe(.now - changedAt)
    return result
  }

  /// Copies the log into the database; returns false when that is not possible now.
  private func checkpoint(_ mode: Database.CheckpointMode) -> Bool {
    // A full disk, or a reader in the way: whoever asks goes on without.
    (try? database.writeWithoutTransaction { try $0.checkpoint(mode) }) != nil
  }

  /// Gives the disk what the queue needs no more: pages without rows, and the length that the log once had.
  private func giveSpaceBack() {
    // In steps, as each is written to a log that has little room; when one fails, the space is not to be had.
    while checkpoint(.truncate), let vacuumed = try? vacuumSomePages(), vacuumed {}
  }

  private func vacuumSomePages() throws -> Bool {
    try database.write { database in
      let before = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
      guard before > 0 else { return false }
      try database.execute(sql: "PRAGMA incremental_vacuum(64)")
      return try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0 < before
    }
  }

  /// Whether the pages that stand only in the log would take more than half of the reserve; the other half is for the log of what is settled.
  ///
  /// Throws `.full` when there is no space either to write them, both to the log and, at once, to the database.
  private func isCheckpointOverdue(in transaction: Database) throws -> Bool {
    var status = stat()
    guard stat(database.path, &status) == 0 else { return false }
    let pages = try Int.fetchOne(transaction.cachedStatement(sql: "PRAGMA page_count")) ?? 0
    let growth = pages * Self.pageSize - Int(status.st_size)
    guard growth > reserve.size / 2 else { return false }
    guard 2 * growth <= reserve.available else { throw SyncStoreError.full(database.path) }
    return true
  }

  private func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError where error.resultCode == .SQLITE_IOERR && file != nil {
      // SQLite does not pass on why; a disk that refuses goes on refusing.
      let refusal = reserve.refusal()
      throw refusal == 0 ? SyncStoreError(error, path: database.path) : SyncStoreError(database.path, errno: refusal)
    } catch {
      let error = SyncStoreError(error, path: database.path)
      damageNote.take(error)
      throw error
    }
  }
}
