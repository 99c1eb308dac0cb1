import Logging
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

extension EventLog {
  /// Says in one line what happened many times; `PROGRESS_COUNT=` is their number, and the other fields are those of the last one.
  func say(_ summary: EventDigest.Summary, now: Timestamp) {
    let fields = summary.last.fields.merging([.count: "\(summary.count)"]) { $1 }
    logger.say(summary.last.messageKind, words(for: summary, now: now), fields)
  }

  private func words(for summary: EventDigest.Summary, now: Timestamp) -> String {
    let (more, time) = (summary.count, summary.time.inWords)
    let times = more == 1 ? "once more" : "\(more) more times"
    return switch summary.last {
    case .accepted(let file, _, let acceptance): words(for: more, like: acceptance, of: file, time: time)
    case .refused(let file, _, let reason, _):
      "Rejected \(more) more files in \(time), the last \(file): \(reason); progressctl rejected lists them all"
    case .ignored(let file, let reason): "Left alone in incoming/: \(more) more in \(time), the last \(file): \(reason)"
    case .boundReached(let hold):
      "\(more) more users, or times, in \(time): user \(hold.sender) has reached the bound of \(hold.boundInWords)"
    case .boundLeft(let hold): "\(more) more users, or times, in \(time): all files of user \(hold.sender) are taken in again"
    case .retrying(let entry, _, _): "🔄 Retrying sync \(times) in \(time), the last for \(entry.key)"
    case .synced(_, _, 0): "✅ Synced \(more) more in \(time)"
    case .synced: "✅ Retry successful for \(more) more in \(time)"
    case .attemptFailed(let entry, _, _, _, let reason):
      "❌ Sync failed \(times) in \(time), the last for \(entry.key): \(reason)"
    case .parked(let entry):
      "❌ Max retry attempts reached for \(more) more in \(time), the last \(entry.key); parked: \(Self.parking); see progressctl queue"
    case .rejected(let entry, _, let reason):
      "❌ Rejected by the API: \(more) more in \(time), the last \(entry.key): \(reason); progressctl failed lists them all"
    case .discarded(let entry, _): "Discarded \(more) more in \(time), undelivered, the last \(entry.key)"
    case .clearing, .cleared, .retriedByHand, .flushed, .suspended, .resumed: "People asked for \(more) more things in \(time)"
    case .setAside(let row):
      "\(more) more rows of the queue are unreadable, the last \(row); they are kept, and progressctl failed lists them"
    case .endpoint(let state): "The API came and went \(more) more times in \(time); last: \(words(for: state, now: now))"
    case .held(let hold, let account, let entries):
      "Tokens were refused or accepted again \(more) more times in \(time); last: \(words(for: hold, of: account, entries: entries))"
    case .released: "Tokens were refused or accepted again \(more) more times in \(time); progressctl status shows who is held"
    case .storageFailed(let reason):
      "The spool or the queue came and went \(more) more times in \(time); it cannot be used: \(reason)"
    case .storageRecovered: "The spool or the queue came and went \(more) more times in \(time); both can be used again"
    case .removalFailed(let reason): "Accepted files stayed in claimed/ \(more) more times in \(time), the last time: \(reason)"
    }
  }

  private func words(for more: Int, like acceptance: Acceptance, of file: String, time: String) -> String {
    if let entry = acceptance.entries.first { return "Accepted \(more) more in \(time), the last \(entry.key) from \(file)" }
    if let key = acceptance.outdated.first {
      return "Superseded: \(more) more in \(time), the last \(key) in \(file): values that were recorded later wait already"
    }
    let id = acceptance.repeated.first.map { "\($0)" } ?? ""
    return "Repeated: \(more) more actions in \(time), the last \(id) in \(file): they were accepted before"
  }
}
