import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

extension EngineStatus {
  /// How things stand in one sentence, for `systemctl status`:
  /// `3 waiting, 1 retrying, 0 failed; last synced 4 s ago`.
  func sentence(now: Timestamp) -> String {
    let parked = counts.parked > 0 ? ", \(counts.parked) parked" : ""
    var clauses = ["\(counts.waiting) waiting, \(counts.retrying) retrying\(parked), \(counts.failed) failed"]
    if let lastSyncedAt = counts.lastSyncedAt { clauses.append("last synced \((now - lastSyncedAt).inWords) ago") }
    if let suspension {
      clauses.append("paused by user \(suspension.by)" + (suspension.until.map { " for \(($0 - now).inWords) more" } ?? ""))
    }
    switch endpoint {
    case .reachable: break
    case .paused(let until, _) where until <= now: break  // Over, and nothing has been sent since.
    case .paused(let until, let reason):
      clauses.append("nothing is sent for \((until - now).inWords), as the API cannot take more (\(reason))")
    case .failing(let since, _, _, let probeAt, let reason):
      clauses.append("the API has taken nothing for \((now - since).inWords) (\(reason)), next try in \((probeAt - now).inWords)")
    case .unreachable(let since, _, let probeAt, let reason):
      clauses.append("no answer from the API for \((now - since).inWords) (\(reason)), next try in \((probeAt - now).inWords)")
    }
    if let hold = accounts.first(where: { $0.account == .common })?.hold {
      clauses.append("held: the API does not accept us (\(hold.words))")
    }
    if let usersHeld { clauses.append("held: what \(usersHeld)") }
    switch reachedBounds.count {
    case 0: break
    case 1: clauses += reachedBounds.map { "user \($0.sender) is at the bound of \($0.boundInWords)" }
    default: clauses.append("\(reachedBounds.count) users are at their bounds")
    }
    if let storageTrouble { clauses.append("disk trouble: \(storageTrouble)") }
    return clauses.joined(separator: "; ")
  }
}

extension EngineStatus {
  /// The users whose own tokens are not accepted, as far as a sentence can name them; nil when there is none.
  private var usersHeld: String? {
    let held = accounts.compactMap { status in status.account.user.flatMap { user in status.hold.map { (user, $0) } } }
    guard let (user, hold) = held.first else { return nil }
    if held.count == 1 { return "\(UserName(user)) dropped (\(hold.words))" }
    let names = held.prefix(3).map { "\(UserName($0.0))" } + (held.count > 3 ? ["\(held.count - 3) more"] : [])
    return "\(names.joined(separator: ", ")) dropped, see progressctl status"
  }
}

extension Hold {
  /// Why, on one line.
  var words: String {
    let status = status.flatMap { reason.hasPrefix("\($0)") ? nil : "\($0): " } ?? ""
    return status + reason
  }
}

extension Duration {
  /// The duration in one unit, `4 s`, `3 min`, `2 h`, `5 d`; begun seconds count, and it is never negative.
  package var inWords: String {
    let seconds = max(0, (inMilliseconds + 999) / 1000)
    return switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7_200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3_600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}
