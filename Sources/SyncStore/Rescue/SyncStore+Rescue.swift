import GRDB
import Glibc
package import ProgressModel

extension SyncStore {
  /// Opens the queue at `path` for work, as `init` does; one that is damaged is set aside first, and all that can be read in it saved.
  ///
  /// - Parameters:
  ///   - damage: What a running daemon has met in the queue, which its examination at a start may not find.
  ///   - now: Goes into the name of the damaged file.
  ///   - observer: Is told that an opening that takes long makes progress.
  /// - Returns: What was saved, when the queue was damaged.
  ///
  /// Throws `SyncStoreError`; `.full` when there is no space to save what can be saved: nothing is changed then.
  package static func openRescuing(
    path: String, damage: String? = nil, now: Timestamp, observer: @escaping OpeningObserver = { _ in }
  ) throws -> (store: SyncStore, rescue: Rescue?) {
    let rescue = QueueRescue(path: path, observer: observer)
    do {
      if let keptAs = try rescue.resume() {
        let store = try SyncStore(path: path, observer: observer)
        let saved = try store.reading { try Int.fetchOne($0, sql: "SELECT count(*) FROM writes") ?? 0 }
        let reason = "the queue was damaged, and its rescue interrupted"
        return (store, Rescue(reason: reason, keptAs: keptAs, savedWrites: saved, writesBefore: nil))
      }
      if let damage { throw SyncStoreError.damaged(damage) }
      try QueueExamination(path: path).run()
      // Each queue has made its reserve, which outlives it when somebody else removes or empties it.
      let hasVanished = DiskReserve(besides: path).isWhole && isMissingOrEmpty(path)
      let store = try SyncStore(path: path, observer: observer)
      return (store, hasVanished ? .lost(path) : nil)
    } catch let error as SyncStoreError {
      guard case .damaged = error else { throw error }
      let report = try rescue.runInReserve(reason: "\(error)", now: now)
      return (try SyncStore(path: path), report)
    }
  }

  private static func isMissingOrEmpty(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) != 0 || status.st_size == 0
  }

  /// What was found damaged since the queue was opened; it is to be closed then, and opened with `openRescuing`.
  package var damage: String? { damageNote.first }

  /// Closes the file. Every later call throws.
  package func close() {
    // What the log holds is taken up by the next opening.
    try? database.close()
  }
}
