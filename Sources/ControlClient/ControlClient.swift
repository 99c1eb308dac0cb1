package import ControlProtocol
import Glibc
package import ProgressModel
import SyncPolicy
import SyncStore

/// What `progressctl` asks of the daemon, answered from the daemon's files without writing to them.
///
/// Each question reads the truth of its moment, so an answer is right whether the daemon runs or not, and also after it has
/// made its queue anew. Only those may ask who may read the files: the daemon's own user and root.
package struct ControlClient: Sendable {
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

  /// The counts; their cost does not grow with the queue.
  package func status() throws(ControlError) -> StatusReport {
    let (counts, oldest) = try asking { try ($0.counts(), $0.oldestPendingAt()) }
    var report = StatusReport(daemon: DaemonReport(presence))
    (report.waiting, report.retrying, report.parked, report.failed) = (counts.waiting, counts.retrying, counts.parked, counts.failed)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (oldest, counts.lastSyncedAt)
    return report
  }

  /// Everything that stands in the queue, as it was at one moment.
  package func queue() throws(ControlError) -> QueueReport {
    try asking { store in
      var report = QueueReport()
      try store.forEachEntry { entry in
        let item = QueueItem(entry, maximumAttempts: maximumAttempts)
        if item.state == .failed { report.failed.append(item) } else { report.items.append(item) }
      }
      return report
    }
  }

  /// Whether the action that this user dropped with this id has been accepted, and so survives a power cut.
  package func isAccepted(_ id: ActionID) throws(ControlError) -> Bool {
    try asking { try $0.isAccepted(id, sender: geteuid()) }
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

/// Why the daemon's state is not known.
package enum ControlError: Error, Hashable, CustomStringConvertible {
  /// No daemon has made a queue there yet.
  case noQueue(path: String)
  case notPermitted(path: String)
  case unreadable(String)

  package var description: String {
    switch self {
    case .noQueue(let path): "there is no queue yet: \(path) does not exist, as progress-syncd has not run"
    case .notPermitted(let path): "\(path) may be read by the service's own user and root only"
    case .unreadable(let words): words
    }
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

extension QueueItem {
  fileprivate init(_ entry: QueueEntry, maximumAttempts: Int) {
    self.init(
      id: entry.sequence, key: entry.key, state: State(entry.state), attempts: min(entry.failures, maximumAttempts),
      maximumAttempts: maximumAttempts, acceptedAt: entry.acceptedAt, nextAttemptAt: entry.dueAt, lastStatus: entry.lastStatus,
      lastError: entry.lastReason, sender: entry.sender, recordedAt: entry.write?.recordedAt)
  }
}

extension QueueItem.State {
  fileprivate init(_ state: WriteState) {
    switch state {
    case .waiting: self = .waiting
    case .retrying: self = .retrying
    case .parked: self = .parked
    case .failed: self = .failed
    }
  }
}
