import GRDB
import ProgressModel
import SyncEngine
import SyncPolicy
@testable import SyncStore

/// The real queue behind a disk that can fail, on a machine that can die before any transaction.
final class SimulatedQueue: QueuePort {
  let store: SyncStore
  private let hazards: Hazards
  private let oracle: Oracle
  private let bug: DeliberateBug?
  /// What a restart has to know of the API's wish for silence.
  private(set) var durablePause: EndpointHealth.Pause?
  /// What `DeliberateBug.programsHaveNoTurns` passes over.
  private var busy: [Account: Set<Session>] = [:]
  /// What `DeliberateBug.holdStopsEverybody` does.
  var isHeldUp = false
  /// What `DeliberateBug.retryOvertakesNewer` sends again.
  private var remembered: [WriteKey: QueuedWrite] = [:]

  init(store: SyncStore, hazards: Hazards, oracle: Oracle, bug: DeliberateBug?) {
    (self.store, self.hazards, self.oracle, self.bug) = (store, hazards, oracle, bug)
  }

  func accept(
    _ files: [AcceptableFile], now: Timestamp, debounce: DebouncePolicy, inFlight: Set<Int64>, forgetting: [String]
  ) throws -> [Acceptance] {
    try admit(.grow)
    var kept = bug == .acceptanceLosesTheLastFile && files.count > 1 ? files.dropLast() : files
    let entries = try store.rowsByAccount()
    if bug == .lostTokensAreForgotten { kept = kept.map { oracle.tokens.contains($0.sender) ? $0 : $0.common } }
    let blocked = bug == .failureBlocksItsKey ? try store.failedKeys() : []
    let acceptances = try store.accept(kept, now: now, debounce: debounce, inFlight: inFlight, forgetting: forgetting)
    try store.fail(acceptances.flatMap(\.entries).map(\.key).filter { blocked.contains($0) })
    if bug == .keysIgnoreAccounts { try store.dropRivals(of: acceptances.flatMap(\.entries)) }
    for (file, acceptance) in zip(kept, acceptances) { oracle.noteAcceptance(of: file, acceptance, entries: entries) }
    if bug == .receiptsGoTooEarly {
      _ = try store.accept([], now: now, debounce: debounce, inFlight: inFlight, forgetting: kept.map(\.claim))
    }
    return acceptances
  }

  func holdings() throws -> [UInt32: SenderHoldings] {
    try admit(.read)
    return try store.holdings()
  }

  func accepted(among claims: [String]) throws -> Set<String> {
    try admit(.read)
    return bug == .recoveryTrustsEveryClaim ? Set(claims) : try store.accepted(among: claims)
  }

  func forget(actionIDsBefore acceptance: Timestamp, discardsBefore discard: Timestamp) throws {
    try admit(.write)
    try store.forget(actionIDsBefore: acceptance, discardsBefore: discard)
  }

  func forgetReceipts(before instant: Timestamp, except claims: Set<String>) throws {
    try admit(.write)
    try store.forgetReceipts(before: instant, except: claims)
  }

  func rowsByAccount() throws -> [Account: Int] {
    try admit(.read)
    return isHeldUp ? [:] : try store.rowsByAccount()
  }

  func programDue(of account: Account, after program: ProgramID?, now: Timestamp) throws -> ProgramID? {
    try admit(.read)
    if bug == .programsHaveNoTurns, let first = try store.programDue(of: account, after: nil, now: now),
      try !store.sessionsDue(of: first, of: account, now: now, atMost: 1, busy: busy[account] ?? []).isEmpty
    {
      return first
    }
    return try store.programDue(of: account, after: program, now: now)
  }

  func sessionsDue(of program: ProgramID, of account: Account, now: Timestamp, atMost limit: Int, busy: Set<Session>) throws -> [Session] {
    try admit(.read)
    let sessions = try store.sessionsDue(of: program, of: account, now: now, atMost: limit, busy: bug == .noLane ? [] : busy)
    return bug == .sessionTwiceInABulk ? sessions + sessions.prefix(1) : sessions
  }

  func freshSession(of account: Account, dueSince instant: Timestamp, now: Timestamp, busy: Set<Session>) throws -> Session? {
    try admit(.read)
    // A probe may look for what is fresh.
    if bug == .freshStarves, now - instant >= .seconds(10) { return nil }
    return try store.freshSession(of: account, dueSince: instant, now: now, busy: bug == .noLane ? [] : busy)
  }

  func sessionToProbe(of account: Account, includingPutOff: Bool, now: Timestamp) throws -> Session? {
    try admit(.read)
    return try store.sessionToProbe(of: account, includingPutOff: includingPutOff, now: now)
  }

  func writesDue(in session: Session, of account: Account, now: Timestamp, includingPutOff: Bool) throws -> [QueuedWrite] {
    try admit(.read)
    let due = try store.writesDue(in: session, of: account, now: now, includingPutOff: includingPutOff)
    switch bug {
    case .popBeforeSend:
      _ = try store.settle(due.map { Settlement(sequence: $0.sequence, fate: .delivered) }, pause: nil, now: now)
      return due
    case .retryOvertakesNewer:
      return due.map { write in
        if write.failures > 0, remembered[write.write.key] == nil { remembered[write.write.key] = write }
        return remembered[write.write.key]?.with(sequence: write.sequence) ?? write
      }
    case .valuesAreMadeUp:
      return due.map { $0.write.value == .rating(.hard) ? $0.with(.rating(.easy)) : $0 }
    default:
      return due
    }
  }

  func nextDue(of account: Account, busy: Set<Session>) throws -> Timestamp? {
    try admit(.read)
    self.busy[account] = busy
    let next = try store.nextDue(of: account, busy: bug == .noLane ? [] : busy)
    return bug == .busyLoop ? next.map { _ in Timestamp(milliseconds: 0) } : next
  }

  func nextFreshDue(of account: Account, busy: Set<Session>) throws -> Timestamp? {
    try admit(.read)
    return try store.nextFreshDue(of: account, busy: busy)
  }

  func pause() throws -> EndpointHealth.Pause? {
    try admit(.read)
    return try store.pause()
  }

  func flush(pause: EndpointHealth.Pause?, now: Timestamp) throws -> Bool {
    try admit(.write)
    defer { durablePause = pause }
    return try store.flush(pause: pause, now: now)
  }

  func settle(_ settlements: [Settlement], pause: EndpointHealth.Pause?, now: Timestamp) throws -> Set<Int64> {
    try admit(bug == .fullDiskStopsDeliveries ? .grow : .write)
    let recorded = bug.map { bug in settlements.compactMap { bug.distort($0, now: now) } } ?? settlements
    let current = try store.settle(recorded, pause: bug == .pauseIsNotStored ? nil : pause, now: now)
    durablePause = pause
    oracle.note(settled: settlements)
    return current
  }

  func releasePutOff(of account: Account?, now: Timestamp) throws -> Bool {
    try admit(.write)
    return try store.releasePutOff(of: account, now: now)
  }

  func moveToOwnAccounts(
    of users: Set<UInt32>, besides inFlight: Set<Int64>, from cursor: EntryCursor?, atMost limit: Int
  ) throws -> EntryStep {
    try admit(.write)
    let before = try store.accounts()
    let step = try store.moveToOwnAccounts(of: users, besides: inFlight, from: cursor, atMost: min(limit, Self.rowsPerStep))
    oracle.note(movedFrom: before, to: try store.accounts())
    return step
  }

  func clampDueTimes(now: Timestamp, longestDebounce: Duration, longestWait: Duration) throws -> Bool {
    try admit(.write)
    guard bug != .clockIsTrusted else { return false }
    return try store.clampDueTimes(now: now, longestDebounce: longestDebounce, longestWait: longestWait)
  }

  func setAside(unreadable sequence: Int64) throws {
    try admit(.write)
    try store.setAside(unreadable: sequence)
  }

  func retry(
    _ selection: EntrySelection, of sender: UInt32?, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp
  ) throws -> EntryStep {
    try admit(.write)
    let (before, ids) = (try store.entries(sender: nil, atMost: .max), try store.ids())
    let step = try store.retry(selection, of: sender, from: cursor, atMost: min(limit, Self.rowsPerStep), now: now)
    if bug == .retryKeepsTheRefusedID { try store.restore(ids) }
    let (meant, now) = (selection.meant(of: before, sender: sender, from: cursor, to: step.next), try store.ids())
    oracle.note(retried: before.filter { meant.contains($0.sequence) }, ids: ids, now: now)
    return step
  }

  func discard(
    _ selection: EntrySelection, of sender: UInt32?, by caller: UInt32, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp
  ) throws -> EntryStep {
    try admit(.write)
    let (before, ids) = (try store.entries(sender: nil, atMost: .max), try store.ids())
    let owner = bug == .discardTouchesOthers ? nil : sender
    let step = try store.discard(selection, of: owner, by: caller, from: cursor, atMost: min(limit, Self.rowsPerStep), now: now)
    if bug == .discardIsNotCounted { try store.uncount(step.changed) }
    let removed = Set(before.map(\.sequence)).subtracting(try store.entries(sender: nil, atMost: .max).map(\.sequence))
    let meant = selection.meant(of: before, sender: sender, from: cursor, to: step.next)
    oracle.note(discarded: removed, meant: meant, of: before, ids: ids)
    return step
  }

  func flush(of sender: UInt32, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp) throws -> EntryStep {
    try admit(.write)
    return try store.flush(of: sender, from: cursor, atMost: min(limit, Self.rowsPerStep), now: now)
  }

  func suspend(_ suspension: Suspension) throws {
    try admit(.write)
    if bug != .suspensionIsNotStored { try store.suspend(suspension) }
    oracle.wishes.noteSuspension(until: suspension.length.map { oracle.elapsed + Int($0.inMilliseconds) } ?? .max)
  }

  func resume() throws {
    try admit(.write)
    try store.resume()
    oracle.wishes.noteSuspension(until: nil)
  }

  func suspension() throws -> Suspension? {
    try admit(.read)
    return try store.suspension()
  }

  /// So few that it takes several steps, between which the machine may die.
  private static let rowsPerStep = 3

  func counts() throws -> QueueCounts { try store.counts() }

  private func admit(_ effect: Hazards.Effect) throws(SyncStoreError) {
    do throws(Hazards.Trouble) {
      try hazards.admit(effect)
    } catch {
      throw error.inStore
    }
  }
}

extension QueuedWrite {
  fileprivate func with(sequence: Int64) -> QueuedWrite {
    QueuedWrite(
      sequence: sequence, id: id, write: write, failures: failures, companyLimit: companyLimit, account: account,
      sender: sender, droppedAt: droppedAt)
  }

  fileprivate func with(_ value: WriteValue) -> QueuedWrite {
    let write = Write(session: write.session, value: value, recordedAt: write.recordedAt)
    return QueuedWrite(
      sequence: sequence, id: id, write: write, failures: failures, companyLimit: companyLimit, account: account,
      sender: sender, droppedAt: droppedAt)
  }
}

extension EntrySelection {
  /// What a step is about that goes from `cursor` to `next`.
  fileprivate func meant(of entries: [QueueEntry], sender: UInt32?, from cursor: EntryCursor?, to next: EntryCursor?) -> Set<Int64> {
    let meant = entries.filter { entry in
      let isNamed = cursor == nil && (sequences.contains(entry.sequence) || keys.contains(entry.key))
      let isInStep = entry.sequence > cursor?.after ?? 0 && entry.sequence <= next?.after ?? cursor?.through ?? .max
      return (isNamed || (isInStep && (all || (allFailed && entry.state == .failed)))) && sender.map { $0 == entry.sender } ?? true
    }
    return Set(meant.map(\.sequence))
  }
}

extension SyncStore {
  /// The account of each write in the queue, by its id.
  fileprivate func accounts() throws -> [String: Account] {
    let rows = try reading { try Row.fetchAll($0, sql: "SELECT id, account FROM writes") }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["id"], $0.account) })
  }

  /// Takes what other accounts have of the same keys out of the queue.
  fileprivate func dropRivals(of entries: [EntryReference]) throws {
    try transaction { database in
      for entry in entries {
        let arguments = entry.key.columns + [entry.sequence]
        try database.execute(sql: "DELETE FROM writes WHERE \(Self.isOfKey) AND sequence <> ?", arguments: arguments)
      }
    }
  }

  fileprivate func ids() throws -> [Int64: String] {
    let rows = try reading { try Row.fetchAll($0, sql: "SELECT sequence, id FROM writes") }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["sequence"], $0["id"]) })
  }

  fileprivate func restore(_ ids: [Int64: String]) throws {
    try transaction { database in
      for (sequence, id) in ids {
        try database.execute(sql: "UPDATE writes SET id = ? WHERE sequence = ?", arguments: [id, sequence])
      }
    }
  }

  fileprivate func uncount(_ number: Int) throws {
    try transaction { try $0.execute(sql: "UPDATE totals SET discarded = discarded - ?", arguments: [number]) }
  }

  /// The keys of what is listed as failed.
  fileprivate func failedKeys() throws -> Set<WriteKey> {
    var keys: Set<WriteKey> = []
    try forEachEntry { if $0.state == .failed { keys.formUnion(WriteKey.spelled($0.key)) } }
    return keys
  }

  fileprivate func fail(_ keys: [WriteKey]) throws {
    guard !keys.isEmpty else { return }
    var sequences: [Int64] = []
    try forEachEntry { if WriteKey.spelled($0.key).contains(where: keys.contains) { sequences.append($0.sequence) } }
    _ = try settle(
      sequences.map { Settlement(sequence: $0, fate: .failed(status: 422, reason: "as before")) }, pause: pause(),
      now: Timestamp(milliseconds: 0))
  }
}

extension AcceptableFile {
  /// The same for the common account.
  fileprivate var common: AcceptableFile { AcceptableFile(claim: claim, sender: sender, droppedAt: droppedAt, actions: actions) }
}
