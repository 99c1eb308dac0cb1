package import Logging
package import ProgressModel
package import SyncEngine
import SyncPolicy
import SyncStore

/// Says what happened, each thing once, with native fields for `journalctl PROGRESS_KEY=…`.
///
/// `EventDigest` decides what is said one by one and what is summed up; at debug level everything is said.
package struct EventLog: Sendable {
  let logger: Logger
  private var digest = EventDigest()

  package init(logger: Logger) {
    self.logger = logger
  }

  /// When `log` has to be called again even if nothing happens; nil when nothing is withheld.
  package var wakeAt: Timestamp? { digest.wakeAt }

  /// Says what is worth a line of its own now, and the summaries that are due.
  package mutating func log(_ events: [SyncEvent], now: Timestamp) {
    guard logger.logLevel > .debug else {
      finish(now: now)
      for event in events.flatMap(\.parts) { say(event, now: now) }
      return
    }
    say(digest.remarks(on: events, now: now), now: now)
  }

  /// Says what is still withheld.
  package mutating func finish(now: Timestamp) {
    say(digest.flush(now: now), now: now)
  }

  private func say(_ remarks: [EventDigest.Remark], now: Timestamp) {
    for remark in remarks {
      switch remark {
      case .event(let event): say(event, now: now)
      case .summary(let summary): say(summary, now: now)
      }
    }
  }

  private func say(_ event: SyncEvent, now: Timestamp) {
    let kind = event.messageKind
    let level = event.isNoNews ? .debug : kind.level
    guard logger.logLevel <= level else { return }
    logger.say(kind, words(for: event, now: now), event.fields, at: level)
  }

  private func words(for event: SyncEvent, now: Timestamp) -> String {
    switch event {
    case .accepted(let file, _, let acceptance): words(for: acceptance, of: file)
    case .refused(let file, _, let reason, let storedAs):
      "Rejected \(file): \(reason) (kept as rejected/\(storedAs); see progressctl rejected)"
    case .ignored(let file, let reason): "Left alone in incoming/: \(file): \(reason)"
    case .boundReached(let hold): words(for: hold)
    case .boundLeft(let hold): "All files of user \(hold.sender) are taken in again: there is room below \(hold.boundInWords)"
    case .retrying(let entry, let attempt, let maximum): "🔄 Retrying sync for \(entry.key) (attempt \(attempt)/\(maximum))"
    case .synced(let entry, _, 0): "✅ Synced: \(entry.key)"
    case .synced(let entry, _, _): "✅ Retry successful for \(entry.key)"
    case .attemptFailed(let entry, _, _, _, let reason): "❌ Sync failed for \(entry.key): \(reason)"
    case .parked(let entry): "❌ Max retry attempts reached for \(entry.key); parked: \(Self.parking)"
    case .rejected(let entry, _, let reason): "❌ Rejected by the API: \(entry.key): \(reason); see progressctl failed"
    case .discarded(let entry, let caller): "Discarded \(entry.key), undelivered, at the wish of user \(caller)"
    case .clearing(let sender, let caller):
      "🧹 Clearing all pending syncs\(sender.map { " of user \($0)" } ?? ""), at the wish of user \(caller)"
    case .cleared(_, let sender, _): "🧹 Cleared all pending syncs\(sender.map { " of user \($0)" } ?? "")"
    case .retriedByHand(let count, let caller): "Retrying \(count) at the wish of user \(caller)"
    case .flushed(let caller, let sender):
      "Sending everything\(sender.map { " of user \($0)" } ?? "") now at the wish of user \(caller)"
    case .suspended(let suspension):
      "Paused by user \(suspension.by): nothing is sent \(suspension.length.map { "for \($0.inWords)" } ?? "until somebody resumes")"
    case .resumed(let caller): "Resumed\(caller.map { " by user \($0)" } ?? ": the time of the pause has come")"
    case .setAside(let row): "Row \(row) of the queue is unreadable; it is kept (progressctl failed), and the rest goes on"
    case .endpoint(let state): words(for: state, now: now)
    case .held(let hold, let account, let entries): words(for: hold, of: account, entries: entries)
    case .released(let account): account.user.map { "Nothing that \(UserName($0)) dropped is held any more" } ?? "The API accepts us"
    case .storageFailed(let reason): "The spool or the queue cannot be used; nothing is lost, trying again: \(reason)"
    case .storageRecovered: "The spool and the queue can be used again"
    case .removalFailed(let reason): "Accepted files stay in claimed/ for now: \(reason)"
    }
  }

  /// Of an acceptance that is one of `SyncEvent.parts`.
  private func words(for acceptance: Acceptance, of file: String) -> String {
    if let entry = acceptance.entries.first { return "Accepted \(entry.key) from \(file)" }
    if let entry = acceptance.superseded.first { return "Replaced by a newer value, from \(file): \(entry.key)" }
    if let key = acceptance.outdated.first { return "Superseded in \(file): \(key): a value that was recorded later waits already" }
    let id = acceptance.repeated.first.map { "\($0)" } ?? ""
    return "Repeated in \(file): the action \(id) was accepted before"
  }

  private func words(for hold: ReachedBound) -> String {
    "User \(hold.sender) has reached the bound of \(hold.boundInWords): further files of this user stay in incoming/ until \(hold.bound.end); "
      + "nobody else's do, and nothing is lost"
  }

  func words(for state: EndpointHealth.State, now: Timestamp) -> String {
    switch state {
    case .reachable: "The API answers"
    case .paused(let until, let reason): "The API cannot take more now: \(reason); nothing is sent for \((until - now).inWords)"
    case .failing(_, _, _, _, let reason): "The API takes nothing: \(reason); one request at a time, nothing is lost"
    case .unreachable(_, _, let probeAt, let reason):
      "No answer from the API: \(reason); trying again in \((probeAt - now).inWords), nothing is lost"
    }
  }

  func words(for hold: Hold, of account: Account, entries: Int?) -> String {
    guard let user = account.user else {
      return "The API does not accept us (\(hold.words)): everything waits for a valid token; nothing is lost"
    }
    let what = entries.map { $0 == 1 ? "1 entry waits" : "\($0) entries wait" } ?? "it waits"
    return "What \(UserName(user)) dropped is held (\(hold.words)): \(what) for a valid token of this user; nothing is lost"
  }

  /// Of what is parked: nothing is given up.
  static let parking = "tried again at growing intervals, for as long as it takes"
}

extension SyncEvent {
  /// Whether it is what has been told before: an attempt of a write that has failed so often.
  fileprivate var isNoNews: Bool {
    if case .attemptFailed(_, _, let wasParked, _, _) = self { wasParked } else { false }
  }
}
