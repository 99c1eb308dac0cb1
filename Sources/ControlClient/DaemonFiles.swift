package import ControlProtocol
import FoundationEssentials
import Glibc
package import ProgressModel
import SyncPolicy
import SyncStore

/// The daemon's files, read without writing to them: what can be known when no daemon answers.
///
/// Each question reads the truth of its moment, so an answer is right whether the daemon runs or not, and also after it has
/// made its queue anew. Only those may ask who may read the files: the daemon's own user and root.
package struct DaemonFiles: Sendable {
  private let queuePath: String
  private let lockPath: String
  private let maximumAttempts: Int

  /// - Parameters:
  ///   - queuePath: The daemon's database.
  ///   - lockPath: The file that a running daemon holds locked.
  ///   - maximumAttempts: How many quick retries the daemon's configuration gives a write.
  package init(queuePath: String, lockPath: String, maximumAttempts: Int) {
    (self.queuePath, self.lockPath, self.maximumAttempts) = (queuePath, lockPath, maximumAttempts)
  }

  /// Whether a daemon holds the lock, and its process.
  package var presence: DaemonPresence { DaemonPresence(lockPath: lockPath) }

  /// The counts, and a person's pause; their cost does not grow with the queue.
  package func status() throws(ControlError) -> StatusReport {
    let (counts, oldest, suspension) = try asking { try ($0.counts(), $0.oldestPendingAt(), $0.suspension()) }
    var report = StatusReport(daemon: DaemonReport(presence))
    (report.waiting, report.retrying, report.parked, report.failed) = (counts.waiting, counts.retrying, counts.parked, counts.failed)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (oldest, counts.lastSyncedAt)
    if let suspension, !suspension.hasEnded(now: Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000))) {
      report.pause = PauseReport(since: suspension.since, until: suspension.until, by: suspension.by)
    }
    return report
  }

  /// What stands in the queue at one moment and passes the filter, in the order of acceptance.
  package func queue(_ filter: QueueFilter = QueueFilter()) throws(ControlError) -> [QueueItem] {
    try asking { store in
      var items: [QueueItem] = []
      try eachEntry(of: store, filter) { items.append($0) }
      return items
    }
  }

  /// Gives the same to `take`, one by one. Throws `ControlError`, and what `take` throws.
  package func eachEntry(_ filter: QueueFilter = QueueFilter(), _ take: (QueueItem) throws -> Void) throws {
    var refusal: (any Error)?
    do throws(ControlError) {
      try asking { store in
        try eachEntry(of: store, filter) { item in
          do {
            try take(item)
          } catch {
            refusal = error
            throw error
          }
        }
      }
    } catch {
      // What the taker could not do is no fault of the files.
      throw refusal ?? error
    }
  }

  private func eachEntry(of store: SyncStore, _ filter: QueueFilter, _ take: (QueueItem) throws -> Void) throws {
    try store.forEachEntry { entry in
      let item = QueueItem(entry, maximumAttempts: maximumAttempts)
      if filter.admits(item) { try take(item) }
    }
  }

  /// What has become of an action that this user dropped, by what is durable; `keys`: those of its writes.
  package func state(of id: ActionID, keys: [WriteKey]) throws(ControlError) -> ActionReport {
    // Others than root and the daemon's own user, whom it lets look at everything, cannot read the files.
    let state = try asking { try $0.state(of: id, sender: geteuid(), keys: keys.map { "\($0)" }, confinedTo: nil) }
    return switch state {
    case .unknown: ActionReport(state: .unknown)
    case .accepted(let entry): ActionReport(state: .accepted, reason: entry?.lastReason)
    case .failed(let entry): ActionReport(state: .failed, reason: entry.lastReason)
    case .discarded(let user): ActionReport(state: .discarded, reason: "by user \(user)")
    case .synced: ActionReport(state: .synced)
    }
  }

  private func asking<Answer>(_ question: (SyncStore) throws -> Answer) throws(ControlError) -> Answer {
    if access(queuePath, R_OK) != 0, errno == EACCES { throw .notPermitted(path: queuePath) }
    do {
      return try question(SyncStore.reading(path: queuePath))
    } catch SyncStoreError.missing(let path) {
      throw .noQueue(path: path)
    } catch {
      throw .unreadable("\(error)")
    }
  }
}

extension QueueFilter {
  fileprivate func admits(_ item: QueueItem) -> Bool {
    (states.isEmpty || states.contains(item.state)) && (keys.isEmpty || keys.contains(item.key)) && (ids.isEmpty || ids.contains(item.id))
  }
}

extension DaemonReport {
  fileprivate init(_ presence: DaemonPresence) {
    switch presence {
    case .running(let process): self.init(running: true, pid: process)
    case .stopped: self.init(running: false)
    case .unknown: self.init(running: nil)
    }
  }
}
