/// How many connections may be open at once: few enough that nobody can take the others' place, or all of the daemon's descriptors.
struct ConnectionLimits: Hashable, Sendable {
  var total = 64
  /// Of the total, for administrators only: whoever is to put things right gets in.
  var reserved = 8
  /// For one user who is no administrator.
  var perUser = 16
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
