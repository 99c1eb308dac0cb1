import ProgressModel
import SyncPolicy
import SyncStore

extension Oracle {
  /// What a step has discarded, beside what it was to discard of what was there before.
  func note(discarded removed: Set<Int64>, meant: Set<Int64>, of entries: [QueueEntry], ids: [Int64: String]) {
    for entry in entries {
      let (isGone, isMeant) = (removed.contains(entry.sequence), meant.contains(entry.sequence))
      expect(isGone == isMeant, "\(entry.key) was \(isMeant ? "" : "not ")to be discarded, and \(isGone ? "" : "not ")is")
      if isGone, let id = ids[entry.sequence] { noteDiscard(of: id) }
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

  /// Writes have moved from the common account to their senders'; `before` and `now`: the account of each write in the queue, by its id.
  func note(movedFrom before: [String: Account], to now: [String: Account]) {
    for (id, account) in now where before[id] != account {
      guard let write = known(id) else { continue }
      expect(account == .user(write.sender) && before[id] == .common, "\(write.write.key) of \(write.sender) has moved to \(account)")
      accounts[String(id.prefix { $0 != "~" })] = account
      let (stray, own) = (AccountKey(write.write.key, of: .common), AccountKey(write.write.key, of: account))
      if latest[stray]?.order == write.order { latest[stray] = nil }
      if latest[own]?.order ?? -1 < write.order, latest.updateValue(write, forKey: own) == nil { keys.append(own) }
      fairness.note(moved: write.write.key, to: account)
    }
    for id in before.keys where now[id] == nil {
      guard let write = known(id), before[id] == .common else { continue }
      let (stray, own) = (AccountKey(write.write.key, of: .common), AccountKey(write.write.key, of: .user(write.sender)))
      if latest[stray]?.order == write.order, latest[own]?.order ?? -1 > write.order { latest[stray] = nil }
    }
  }
}
