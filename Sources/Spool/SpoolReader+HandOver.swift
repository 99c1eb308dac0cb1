import CrashPoints
import Measurements
package import ProgressModel
import SystemPackage

extension SpoolReader {
  /// Finds what a crash left in `claimed/`, and lets `claim` hand it over before anything new.
  ///
  /// To be called at start, before the first `scan`, and after a turn that failed half-way. Returns the claims in claim order; the caller
  /// `finish`es those that its receipts say were accepted, and they are not read again.
  ///
  /// Whatever else lies in `claimed/` was put there by a person, and is claimed like the rest.
  package func recover(now: Timestamp) throws(SpoolError) -> [ClaimID] {
    do throws(Errno) {
      let names = try directories.claimed.names()
      var strangers: [SpoolName] = []
      for storedAs in names {
        guard let found = ClaimedName(storedAs) else {
          strangers.append(storedAs)
          continue
        }
        sequence.advance(past: found.claim)
        if claims[found.claim] == nil { claims[found.claim] = Claim(name: found.name, storedAs: storedAs, droppedAt: found.droppedAt) }
      }
      for name in strangers.sorted() {
        let droppedAt = min(try directories.claimed.status(of: name).changed.timestamp, now)
        let found = ClaimedName(claim: sequence.next(now: now), droppedAt: droppedAt, name: name)
        try directories.claimed.move(name, to: directories.claimed, as: found.stored)
        claims[found.claim] = Claim(name: name, storedAs: found.stored, droppedAt: droppedAt)
      }
      try directories.claimed.sync()
    } catch {
      throw directories.obstacle(behind: error) ?? .system(doing: "recover the claims in", path: directories.claimed.path, code: error)
    }
    postponed = [:]
    unread = claims.keys.sorted(by: >)
    return unread.reversed()
  }

  /// Makes the picked claims durable, reads them, and moves what must be refused. Those beyond the batch's bytes stay unread.
  func handOver(_ picked: [ClaimID], in batch: inout ClaimBatch, now: Timestamp) throws(SpoolError) {
    guard !picked.isEmpty else { return }
    var rest = picked[...]
    defer { unread += rest.reversed() }
    try syncClaims()
    var refusals: [Refusal] = []
    var bytes = 0
    // Those that were found together fill one batch; more of them are left by a crash only.
    reading: while bytes < limits.batchBytes + limits.maximumFileSize, let id = rest.popFirst() {
      switch readClaim(id, now: now) {
      case .file(let file):
        bytes += file.contents.count
        batch.files.append(file)
      case .refused(let reason): refusals.append(Refusal(claim: id, reason: reason))
      case .exhausted(let code):
        rest = [id] + rest
        guard !batch.files.isEmpty || !refusals.isEmpty else {
          throw .system(doing: "read the claims in", path: directories.claimed.path, code: code)
        }
        break reading
      case .nothing: break
      }
    }
    do {
      batch.rejected = try reject(refusals, now: now)
    } catch  where !batch.files.isEmpty || !batch.ignored.isEmpty {
      // The refused ones are handed over again later; what was found must not wait for that.
    }
    (batch.durablyFinished, durablyFinished) = (durablyFinished, [])
  }

  private func syncClaims() throws(SpoolError) {
    do throws(Errno) {
      try times.sync.time { () throws(Errno) in try directories.claimed.sync() }
      try times.sync.time { () throws(Errno) in try directories.incoming.sync() }
      CrashPoint.claimsSynced.reach()
    } catch {
      throw .system(doing: "sync the claims in", path: directories.claimed.path, code: error)
    }
    durablyFinished += finished
    finished = []
  }

  private enum ReadClaim {
    case file(ClaimedFile)
    case refused(String)
    /// The system lacks the means; reading others first would put them before their turn.
    case exhausted(Errno)
    /// It is gone, or was postponed.
    case nothing
  }

  private func readClaim(_ id: ClaimID, now: Timestamp) -> ReadClaim {
    guard let claim = claims[id] else { return .nothing }
    switch directories.claimed.readSafely(claim.storedAs, limit: limits.maximumFileSize) {
    case .contents(let text, let status):
      guard looksComplete(text) || claim.seen.map({ $0.isUnchanged(in: status) }) ?? false else {
        // Whoever has it open still writes to it; now it has to settle here.
        postpone(id, seen: status, until: now + limits.settleTime)
        return .nothing
      }
      claims[id]?.seen = status
      let origin = Provenance(of: claim.name, status)
      let droppedAt = min(claim.droppedAt, now)
      return .file(ClaimedFile(claim: id, name: origin.name, contents: text, sender: origin.sender, droppedAt: droppedAt))
    case .changed(let status): postpone(id, seen: status, until: now + limits.settleTime)
    case .busy: postpone(id, seen: claim.seen, until: now + SpoolLimits.retryTime)
    case .exhausted(let code): return .exhausted(code)
    case .gone: claims[id] = nil
    case .refused(let reason): return .refused(reason)
    }
    return .nothing
  }

  func postpone(_ id: ClaimID, seen: FileStatus?, until instant: Timestamp) {
    claims[id]?.seen = seen
    postponed[id] = instant
  }

  /// Unlinks files that were accepted: call it when the transaction that records their claims is durable.
  ///
  /// The unlinks become durable with the next batch, which then names the claims in `durablyFinished`. Claims that are unknown, or were
  /// finished before, are passed over. A file that somebody has written to since it was read is claimed once more, so that what was
  /// written is read too. When an unlink fails, the others are done first; the file is found again at the next start.
  package func finish(_ finishedClaims: [ClaimID]) throws(SpoolError) {
    var failure: Errno?
    for id in finishedClaims {
      guard let claim = claims[id] else { continue }
      do throws(Errno) {
        if let seen = claim.seen, !seen.isUnchanged(in: try directories.claimed.status(of: claim.storedAs)) {
          try claimAgain(claim)
        } else {
          try directories.claimed.remove(claim.storedAs)
        }
        CrashPoint.unlinked.reach()
      } catch .noSuchFileOrDirectory {
      } catch {
        failure = error
        continue
      }
      (claims[id], postponed[id]) = (nil, nil)
      finished.append(id)
    }
    if let failure { throw .system(doing: "remove accepted files from", path: directories.claimed.path, code: failure) }
  }

  private func claimAgain(_ claim: Claim) throws(Errno) {
    let again = ClaimedName(claim: sequence.next(now: claim.droppedAt), droppedAt: claim.droppedAt, name: claim.name)
    try directories.claimed.move(claim.storedAs, to: directories.claimed, as: again.stored)
    claims[again.claim] = Claim(name: claim.name, storedAs: again.stored, droppedAt: claim.droppedAt)
    unread.insert(again.claim, at: 0)
  }
}
