import ControlProtocol
import Measurements
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Synchronization

/// What has happened of late, as the work loop notes it after each turn: for whoever asks how things stand. It begins anew with the process.
final class Chronicle: Sendable {
  fileprivate struct State {
    var accepted = RateMeter()
    var delivered = RateMeter()
    var retried = RateMeter()
    var syncs: [UInt32: [StatusReport.Sync]] = [:]
  }

  private let state = Mutex(State())

  /// How many deliveries are remembered for each user, and for how many users.
  fileprivate static let memory = (syncs: 5, users: 64)

  func note(_ events: [SyncEvent], now: Timestamp) {
    state.withLock { state in
      for event in events { state.note(event, now: now) }
    }
  }

  var rates: (Timestamp) -> (minute: RateReport, hour: RateReport) {
    let (accepted, delivered, retried) = state.withLock { ($0.accepted, $0.delivered, $0.retried) }
    return { now in
      (
        RateReport(accepted: accepted.lastMinute(at: now), delivered: delivered.lastMinute(at: now), retried: retried.lastMinute(at: now)),
        RateReport(accepted: accepted.lastHour(at: now), delivered: delivered.lastHour(at: now), retried: retried.lastHour(at: now))
      )
    }
  }

  /// The last deliveries of what `user` dropped, of anybody's for nil, the latest first.
  func syncs(of user: UInt32?) -> [StatusReport.Sync] {
    let syncs = state.withLock { state in user.map { state.syncs[$0] ?? [] } ?? state.syncs.values.flatMap { $0 } }
    return Array(syncs.sorted { $0.at > $1.at }.prefix(Self.memory.syncs))
  }
}

extension Chronicle.State {
  fileprivate mutating func note(_ event: SyncEvent, now: Timestamp) {
    switch event {
    case .accepted(_, _, let acceptance): accepted.count(acceptance.entries.count + acceptance.outdated.count, at: now)
    case .attemptFailed: retried.count(at: now)
    case .synced(let entry, _, _):
      delivered.count(at: now)
      remember(StatusReport.Sync(key: "\(entry.key)", at: now), of: entry.sender)
    default: break
    }
  }

  private mutating func remember(_ sync: StatusReport.Sync, of user: UInt32) {
    if syncs[user] == nil, syncs.count == Chronicle.memory.users,
      let quietest = syncs.min(by: { $0.value.last.map(\.at) ?? sync.at < $1.value.last.map(\.at) ?? sync.at })
    {
      syncs[quietest.key] = nil
    }
    syncs[user, default: []] = Array((syncs[user] ?? []).suffix(Chronicle.memory.syncs - 1)) + [sync]
  }
}
