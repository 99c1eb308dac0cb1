/// How many connections may be open at once, and for how long without use: few enough that nobody can take the others' place, or all of the
/// daemon's descriptors.
package struct ConnectionLimits: Hashable, Sendable {
  package var total: Int
  /// Of the total, for administrators only: whoever is to put things right gets in.
  package var reserved: Int
  /// For one user who is no administrator.
  package var perUser: Int
  /// How long a connection may be silent while the daemon waits for a request, or for the rest of one.
  package var idleTimeout = Duration.seconds(60)
  /// How long the end waits, with the door closed, for those who are inside. Enough for a short conversation: whoever stays longer, as a watcher
  /// does, is sent home with the rest.
  package var leavingPatience = Duration.milliseconds(200)
  /// How long answers may go on after the stop; then their connections are closed, whether the client has read them or not.
  package var stopPatience = Duration.seconds(1)

  package init(total: Int = 64, reserved: Int = 8, perUser: Int = 16) {
    (self.total, self.reserved, self.perUser) = (total, reserved, perUser)
  }
}

/// Counts the connections that are open.
struct ConnectionCount {
  let limits: ConnectionLimits
  private var total = 0
  private var byUser: [UInt32: Int] = [:]

  init(limits: ConnectionLimits) {
    self.limits = limits
  }

  /// Counts one more; returns why it may not be, if so.
  mutating func admit(_ caller: Caller) -> String? {
    let limit = caller.isAdministrator ? limits.total : limits.total - limits.reserved
    guard total < limit else { return "\(total) connections are open, and no more are allowed: close one, or try again" }
    guard caller.isAdministrator || byUser[caller.uid, default: 0] < limits.perUser else {
      return "the user \(caller.uid) has \(limits.perUser) connections open, and no more are allowed: close one, or try again"
    }
    total += 1
    byUser[caller.uid, default: 0] += 1
    return nil
  }

  mutating func leave(_ caller: Caller) {
    total -= 1
    byUser[caller.uid, default: 1] -= 1
    if byUser[caller.uid] == 0 { byUser[caller.uid] = nil }
  }
}
