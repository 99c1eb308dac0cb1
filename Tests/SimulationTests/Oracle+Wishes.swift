import ProgressModel
import SyncPolicy
import SyncStore

extension Oracle {
  /// What a step has discarded, beside what it was to discard of what was there before.
  func note(discarded removed: Set<Int64>, meant: Set<Int64>, of entries: [QueueEntry]) {
    for entry in entries {
      let (isGone, isMeant) = (removed.contains(entry.sequence), meant.contains(entry.sequence))
      expect(isGone == isMeant, "\(entry.key) was \(isMeant ? "" : "not ")to be discarded, and \(isGone ? "" : "not ")is")
      if isGone, let key = WriteKey.spelled(entry.key).first { noteDiscard(of: key) }
    }
  }

  /// Entries that somebody has retried, as they were before and after.
  func note(retried before: [QueueEntry], ids: [Int64: String], now: [Int64: String]) {
    for entry in before {
      guard let old = ids[entry.sequence], let new = now[entry.sequence] else { continue }
      expect(entry.state == .failed || old == new, "\(entry.key) has another id though it may have been applied")
      if entry.state == .failed { noteRetry(of: entry.sequence, refusedAs: old) }
    }
    fairness.forgive(puttingOff: before.count)
  }

  /// Everything was cleared: what was there when somebody asked for it is nowhere any more, as far as `sender` dropped it.
  func noteCleared(queued ids: [String]) {
    guard let clearing = wishes.clearing else { return }
    wishes.clearing = nil
    expectAccepted(upTo: clearing.drops, sender: clearing.sender)
    for id in ids { expectGone(id, clearing) }
  }

  /// `accepted`, `superseded` and the rest are what the rows say.
  func expectBalance(_ totals: QueueTotals, rows: Int) {
    let sum = totals.superseded + totals.delivered + totals.discarded + totals.lost + rows
    expect(totals.accepted == sum, "the totals do not agree with the queue: \(totals), \(rows) in it")
  }
}
