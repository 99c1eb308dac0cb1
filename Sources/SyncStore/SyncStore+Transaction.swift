import GRDB

extension SyncStore {
  /// Runs `body` in one transaction, durable when this returns; throws `SyncStoreError`, and then nothing has changed.
  func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
    do {
      return try database.write(body)
    } catch {
      throw SyncStoreError(error, path: database.path)
    }
  }

  /// Runs `body` on one consistent state of the queue.
  func reading<Result>(_ body: (Database) throws -> Result) throws -> Result {
    do {
      return try database.read(body)
    } catch {
      throw SyncStoreError(error, path: database.path)
    }
  }
}
