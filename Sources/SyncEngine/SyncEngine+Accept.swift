import CrashPoints
import ProgressModel
import Spool
import SyncPolicy
import SyncStore

extension SyncEngine {
  /// Accepts a batch of files: claimed and read, committed in one transaction, and only then unlinked.
  ///
  /// Whatever fails on the way leaves the batch in `claimed/`, where the next call finds it as the next start would.
  mutating func accept(now: Timestamp, _ turn: inout Turn) throws {
    if spool.isStale {
      isRecovered = false
      try spool.reopen()
    }
    if !isRecovered { try recover(now: now, &turn) }
    if mustLook { spool.look(now: now) }
    mustLook = false
    // What the last scan found comes first: scanning a large backlog at each ring would cost more than the backlog.
    if spool.wantsScan || (!spool.hasMore && now >= rescanAt ?? now) {
      try spool.scan(now: now)
      scans += 1
      rescanAt = now + settings.rescanInterval
    }
    if now >= forgetAt ?? now {
      try store.forget(actionIDsBefore: now - Self.acceptanceMemory, discardsBefore: now - Self.acceptanceMemory)
      forgetAt = now + settings.rescanInterval
    }
    try bound(now: now, &turn)
    guard spool.hasMore || spool.nextLook != nil else { return }
    isRecovered = false
    try accept(spool.claim(atMost: settings.filesPerBatch, now: now), now: now, &turn)
    isRecovered = true
  }

  /// When the spool has to be looked at again, if nothing rings.
  func intakeWake(now: Timestamp) -> Timestamp? {
    guard troubles[.accept] == nil else { return nil }
    // Without a time for it, the scan is still due: what recovery found went before it.
    return spool.hasMore ? now : [rescanAt ?? now, spool.nextLook].compactMap { $0 }.min()
  }

  /// Takes up what an earlier life, or a failed turn, left in `claimed/`: what has its receipt is only unlinked, and
  /// the rest is handed over again before anything new.
  private mutating func recover(now: Timestamp, _ turn: inout Turn) throws {
    let leftovers = try spool.recover(now: now)
    let accepted = try store.accepted(among: leftovers.map(\.text))
    finish(leftovers.filter { accepted.contains($0.text) }, &turn)
    // Only here is it known that the files of all others are durably gone.
    try store.forgetReceipts(before: now - Self.acceptanceMemory, except: Set(leftovers.map(\.text)))
    isRecovered = true
  }

  /// Unlinks what is accepted. A file that cannot be unlinked is protected by its receipt, and no reason to take in no others.
  private func finish(_ claims: [ClaimID], _ turn: inout Turn) {
    do {
      try spool.finish(claims)
    } catch {
      turn.events.append(.removalFailed(reason: "\(error)"))
    }
  }

  private mutating func accept(_ batch: ClaimBatch, now: Timestamp, _ turn: inout Turn) throws {
    forgettable += batch.durablyFinished.map(\.text)
    turn.events += batch.ignored.map { .ignored(file: "\($0.name)", reason: $0.reason) }
    report(batch.rejected, &turn)
    let (acceptable, refusals) = parse(batch.files, entries: batch.files.isEmpty ? [:] : try store.rowsByAccount())
    do {
      try accept(acceptable, now: now, &turn)
    } catch SyncStoreError.full where acceptable.count > 1 {
      // What is too much together may find its space one by one, as each file that is taken in gives its own back.
      for file in acceptable { try accept([file], now: now, &turn) }
    }
    report(try spool.reject(refusals, now: now), &turn)
  }

  private mutating func accept(_ files: [ParsedFile], now: Timestamp, _ turn: inout Turn) throws {
    guard !files.isEmpty else { return }
    let sending = Set(inFlight.flatMap(\.writes).map(\.sequence))
    let acceptances = try store.accept(
      files.map(\.file), now: now, debounce: settings.debounce, inFlight: sending, forgetting: forgettable)
    forgettable = []
    for (acceptance, file) in zip(acceptances, files) {
      turn.events.append(.accepted(file: "\(file.name)", sender: file.file.sender, acceptance))
    }
    CrashPoint.accepted.reach()
    finish(files.map(\.claim), &turn)
  }

  private func parse(_ files: [ClaimedFile], entries: [Account: Int]) -> (acceptable: [ParsedFile], refusals: [Refusal]) {
    var acceptable: [ParsedFile] = []
    var refusals: [Refusal] = []
    for file in files {
      do {
        let actions = try ActionFile.parse(file.contents)
        let parsed = AcceptableFile(
          claim: file.claim.text, sender: file.sender, account: settings.account(of: file.sender, entries: entries),
          droppedAt: file.droppedAt, actions: actions)
        acceptable.append(ParsedFile(claim: file.claim, name: file.name, file: parsed))
      } catch {
        refusals.append(Refusal(claim: file.claim, reason: "\(error)"))
      }
    }
    return (acceptable, refusals)
  }

  private func report(_ rejected: [RejectedFile], _ turn: inout Turn) {
    turn.events += rejected.map { .refused(file: "\($0.name)", sender: $0.sender, reason: $0.reason, storedAs: "\($0.storedAs)") }
  }
}

/// A file that was read and found good.
private struct ParsedFile {
  let claim: ClaimID
  let name: SpoolName
  let file: AcceptableFile
}
