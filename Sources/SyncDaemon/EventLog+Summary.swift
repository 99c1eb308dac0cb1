import Logging
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

extension EventLog {
  /// Says in one line what happened many times; `PROGRESS_COUNT=` is their number, and the other fields are those of the last one.
  func say(_ summary: EventDigest.Summary, now: Timestamp) {
    let (more, time) = (summary.count, summary.time.inWords)
    func metadata(_ fields: Logger.Metadata = [:]) -> Logger.Metadata { fields.merging(["PROGRESS_COUNT": "\(more)"]) { $1 } }
    switch summary.last {
    case .accepted(let file, _, let acceptance): say(more, like: acceptance, of: file, time: time, metadata())
    case .refused(let file, let reason, _):
      let advice = "each is in rejected/ with its reason"
      logger.warning("Rejected \(more) more files in \(time), the last \(file): \(reason); \(advice)", metadata: metadata())
    case .ignored(let file, let reason):
      logger.notice("Left alone in incoming/: \(more) more in \(time), the last \(file): \(reason)", metadata: metadata())
    case .retrying(let entry, _, _):
      logger.info("🔄 Retrying sync \(more) more times in \(time), the last for \(entry.key)", metadata: metadata(fields(of: entry.key)))
    case .synced(_, _, 0):
      logger.info("✅ Synced \(more) more in \(time)", metadata: metadata())
    case .synced:
      logger.info("✅ Retry successful for \(more) more in \(time)", metadata: metadata())
    case .attemptFailed(let entry, _, _, let status, let reason):
      let key = entry.key
      logger.warning(
        "❌ Sync failed \(more) more times in \(time), the last for \(key): \(reason)", metadata: metadata(fields(of: key, status: status)))
    case .parked(let entry):
      let key = entry.key
      let advice = "progressctl queue lists them all"
      logger.warning(
        "❌ Max retry attempts reached for \(more) more in \(time), the last \(key); parked; \(advice)", metadata: metadata(fields(of: key)))
    case .rejected(let entry, let status, let reason):
      let key = entry.key
      let advice = "progressctl queue lists them all"
      logger.error(
        "❌ Rejected by the API: \(more) more in \(time), the last \(key): \(reason); \(advice)",
        metadata: metadata(fields(of: key, status: status)))
    case .discarded(let entry, _):
      let last = metadata(fields(of: entry.key))
      logger.notice("Discarded \(more) more in \(time), undelivered, the last \(entry.key)", metadata: last)
    case .cleared, .retriedByHand, .flushed, .suspended, .resumed:
      logger.notice("People asked for \(more) more things in \(time)", metadata: metadata())
    case .setAside(let row):
      logger.error(
        "\(more) more rows of the queue are unreadable, the last \(row); they are kept among the failed ones", metadata: metadata())
    case .endpoint(let state):
      let (level, words, fields) = words(for: state, now: now)
      logger.log(level: level, "The API came and went \(more) more times in \(time); last: \(words)", metadata: metadata(fields))
    case .storageFailed(let reason):
      logger.error("The spool or the queue came and went \(more) more times in \(time); it cannot be used: \(reason)", metadata: metadata())
    case .storageRecovered:
      logger.notice("The spool or the queue came and went \(more) more times in \(time); both can be used again", metadata: metadata())
    case .removalFailed(let reason):
      logger.warning("Accepted files stayed in claimed/ \(more) more times in \(time), the last time: \(reason)", metadata: metadata())
    }
  }

  private func say(_ more: Int, like acceptance: Acceptance, of file: String, time: String, _ metadata: Logger.Metadata) {
    if let key = acceptance.outdated.first {
      logger.notice(
        "Superseded: \(more) more in \(time), the last \(key) in \(file): values that were recorded later wait already", metadata: metadata)
    } else if let id = acceptance.repeated.first {
      logger.info("Repeated: \(more) more actions in \(time), the last \(id) in \(file): they were accepted before", metadata: metadata)
    }
  }
}
