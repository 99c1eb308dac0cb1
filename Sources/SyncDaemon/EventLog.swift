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
      for event in events { say(event, now: now) }
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
    switch event {
    case .accepted(let file, let sender, let acceptance): logAcceptance(acceptance, of: file, sender: sender)
    case .refused(let file, let reason, let storedAs):
      logger.warning("Rejected \(file): \(reason) (kept as rejected/\(storedAs))", metadata: ["PROGRESS_FILE": "\(file)"])
    case .ignored(let file, let reason):
      logger.notice("Left alone in incoming/: \(file): \(reason)", metadata: ["PROGRESS_FILE": "\(file)"])
    case .retrying(let entry, let attempt, let maximum):
      let key = entry.key
      logger.info("🔄 Retrying sync for \(key) (attempt \(attempt)/\(maximum))", metadata: fields(of: key, attempt: attempt))
    case .synced(let entry, _, 0):
      logger.info("✅ Synced: \(entry.key)", metadata: fields(of: entry.key))
    case .synced(let entry, _, let failures):
      logger.info("✅ Retry successful for \(entry.key)", metadata: fields(of: entry.key, attempt: failures))
    case .attemptFailed(let entry, let failures, let wasParked, let status, let reason):
      let key = entry.key
      let level: Logger.Level = wasParked ? .debug : .warning
      logger.log(level: level, "❌ Sync failed for \(key): \(reason)", metadata: fields(of: key, attempt: failures, status: status))
    case .parked(let entry):
      logger.warning("❌ Max retry attempts reached for \(entry.key); parked", metadata: fields(of: entry.key))
    case .rejected(let entry, let status, let reason):
      let key = entry.key
      logger.error("❌ Rejected by the API: \(key): \(reason)", metadata: fields(of: key, status: status))
    case .discarded(let entry, let caller):
      logger.notice("Discarded \(entry.key), undelivered, at the wish of user \(caller)", metadata: fields(of: entry.key))
    case .cleared(let count, let sender, let caller):
      let whose = sender.map { " of user \($0)" } ?? ""
      logger.notice(
        "🧹 Cleared all pending syncs\(whose)", metadata: ["PROGRESS_ENTRIES": "\(count)", "PROGRESS_CALLER_UID": "\(caller)"])
    case .retriedByHand(let count, let caller):
      logger.notice("Retrying \(count) at the wish of user \(caller)", metadata: ["PROGRESS_ENTRIES": "\(count)"])
    case .flushed(let caller, let sender):
      let whose = sender.map { "everything of user \($0)" } ?? "everything"
      logger.notice("Sending \(whose) now at the wish of user \(caller)")
    case .suspended(let suspension):
      let time = suspension.length.map { "for \($0.inWords)" } ?? "until somebody resumes"
      logger.notice("Paused by user \(suspension.by): nothing is sent \(time)")
    case .resumed(let caller):
      logger.notice("Resumed\(caller.map { " by user \($0)" } ?? ": the time of the pause has come")")
    case .setAside(let row):
      logger.error("Row \(row) of the queue is unreadable; it is kept among the failed ones, and the rest goes on")
    case .endpoint(let state):
      let (level, words, metadata) = words(for: state, now: now)
      logger.log(level: level, "\(words)", metadata: metadata)
    case .storageFailed(let reason):
      logger.error("The spool or the queue cannot be used; nothing is lost, trying again: \(reason)")
    case .storageRecovered:
      logger.notice("The spool and the queue can be used again")
    case .removalFailed(let reason):
      logger.warning("Accepted files stay in claimed/ for now: \(reason)")
    }
  }

  private func logAcceptance(_ acceptance: Acceptance, of file: String, sender: UInt32) {
    let metadata: Logger.Metadata = ["PROGRESS_FILE": "\(file)", "PROGRESS_SENDER_UID": "\(sender)"]
    if !acceptance.entries.isEmpty {
      logger.debug("Accepted \(file): \(acceptance.entries.map { "\($0.key)" }.joined(separator: ", "))", metadata: metadata)
    }
    for key in acceptance.outdated {
      logger.notice("Superseded in \(file): \(key): a value that was recorded later waits already", metadata: metadata)
    }
    for id in acceptance.repeated {
      logger.info("Repeated in \(file): the action \(id) was accepted before", metadata: metadata)
    }
  }

  func words(for state: EndpointHealth.State, now: Timestamp) -> (level: Logger.Level, text: String, metadata: Logger.Metadata) {
    switch state {
    case .reachable:
      return (.notice, "The API answers", [:])
    case .paused(let until, let reason):
      return (.notice, "The API asks for silence for \((until - now).inWords): \(reason)", [:])
    case .failing(_, _, _, _, let reason):
      return (.warning, "The API takes nothing: \(reason); one request at a time, nothing is lost", [:])
    case .unreachable(_, _, let probeAt, let reason):
      return (.warning, "No answer from the API: \(reason); trying again in \((probeAt - now).inWords), nothing is lost", [:])
    case .held(_, _, let status, let reason):
      let advice = "put a valid token into api.token_file (a credential takes a restart); nothing is lost"
      return (.error, "The API does not accept us (\(reason)): \(advice)", ["HTTP_STATUS": "\(status)"])
    }
  }

  func fields(of key: WriteKey, attempt: Int? = nil, status: Int? = nil) -> Logger.Metadata {
    var fields: Logger.Metadata = ["PROGRESS_KEY": "\(key)", "PROGRESS_PROGRAM": "\(key.session.program)"]
    fields["PROGRESS_ATTEMPT"] = attempt.map { "\($0)" }
    fields["HTTP_STATUS"] = status.map { "\($0)" }
    return fields
  }
}
