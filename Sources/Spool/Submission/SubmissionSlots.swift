import Glibc
import Synchronization

/// Counts who is connected.
final class SubmissionSlots: Sendable {
  private let taken = Mutex([UInt32: Int]())

  /// One more for the user; returns why not, if so.
  func admit(_ user: UInt32, within limits: SubmissionLimits) -> SubmissionRefusal? {
    let isPrivileged = user == 0 || user == geteuid()
    return taken.withLock { taken in
      let total = taken.values.reduce(0, +)
      guard total < (isPrivileged ? limits.connections : limits.connections - limits.reservedConnections) else {
        return SubmissionRefusal(
          .wait, "\(total) connections are open, and no more are allowed; try again, or drop the file into incoming/")
      }
      let own = taken[user, default: 0]
      guard isPrivileged || own < limits.connectionsPerUser else {
        return SubmissionRefusal(.wait, "you have \(own) connections open, and no more are allowed; close one")
      }
      taken[user] = own + 1
      return nil
    }
  }

  func leave(_ user: UInt32) {
    taken.withLock { taken in
      let rest = taken[user, default: 1] - 1
      taken[user] = rest == 0 ? nil : rest
    }
  }
}
