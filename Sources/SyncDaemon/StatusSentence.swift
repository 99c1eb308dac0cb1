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
    for account in accounts {
      guard let hold = account.hold else { continue }
      let reason = (hold.status.map { "\($0): " } ?? "") + hold.reason
      clauses.append("held\(account.account.ofWhom): the API does not accept us (\(reason))")
    }
    switch reachedBounds.count {
    case 0: break
    case 1: clauses += reachedBounds.map { "user \($0.sender) is at the bound of \($0.boundInWords)" }
    default: clauses.append("\(reachedBounds.count) users are at their bounds")
    }
    if let storageTrouble { clauses.append("disk trouble: \(storageTrouble)") }
    return clauses.joined(separator: "; ")
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
