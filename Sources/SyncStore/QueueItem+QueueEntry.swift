package import ControlProtocol
import ProgressModel
package import SyncPolicy

extension QueueItem {
  /// - Parameter maximumAttempts: How many quick retries the configuration in force gives a write.
  package init(_ entry: QueueEntry, maximumAttempts: Int) {
    self.init(
      id: entry.sequence, key: entry.key, state: State(entry.state), attempts: min(entry.failures, maximumAttempts),
      maximumAttempts: maximumAttempts, acceptedAt: entry.acceptedAt, waitingSince: entry.waitingSince, nextAttemptAt: entry.dueAt,
      lastStatus: entry.lastStatus, lastError: entry.lastReason, sender: entry.sender, account: entry.account.user,
      recordedAt: entry.recordedAt,
      value: entry.value)
  }
}

extension Account {
  fileprivate var user: UInt32? {
    switch self {
    case .common: nil
    case .user(let user): user
    }
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

extension WriteState {
  package init(_ state: QueueItem.State) {
    switch state {
    case .waiting: self = .waiting
    case .retrying: self = .retrying
    case .parked: self = .parked
    case .failed: self = .failed
    }
  }
}
