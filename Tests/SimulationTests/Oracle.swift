import ProgressModel
import Spool
import SyncPolicy
import SyncStore

/// Knows what was dropped, accepted, sent and applied, and says when a promise is broken.
///
/// The order of writes is that of acceptance, and that has to be the order of the drops as far as the machine's clock tells it.
final class Oracle {
  private struct Drop {
    let file: SpoolDisk.File
    /// Empty for rubbish.
    let actions: [Action]
    var isAccepted = false
  }

  /// A write that is in the queue, was applied, or was superseded.
  struct AcceptedWrite {
    let order: Int
    let write: Write
    let sender: UInt32
    let drop: SpoolDisk.Number
  }

  /// The first broken promise.
  private(set) var violation: String?
  private var drops: [Drop] = []
  private var firstOpen = 0
  private var dropOfClaim: [String: SpoolDisk.Number] = [:]
  private var accepted: [String: AcceptedWrite] = [:]
  private var acceptedIDs: Set<ActionID> = []
  /// Accepted so long ago that a repetition need not be recognised.
  private var oldIDs: Set<ActionID> = []
  var keys: [AccountKey] = []
  var latest: [AccountKey: AcceptedWrite] = [:]
  private var applied: [AccountKey: Int] = [:]
  /// Whose token a write may go out with, by its first id.
  var accounts: [String: Account] = [:]
  /// The users who have tokens of their own at present.
  var tokens: Set<UInt32> = []
  /// The ids of what was sent.
  private var ids: [Int64: String] = [:]
  private var calls: [String: ProgressCall] = [:]
  /// What people have done to the queue.
  var wishes = WishWatch()
  private(set) var requests = 0
  /// Virtual time, in milliseconds.
  var elapsed = 0
  var storm: StormWatch
  var fairness: FairnessWatch
  private var rules = RequestWatch()

  init(lanes: Int, programs: Int, accounts: Int) {
    (storm, fairness) = (StormWatch(lanes: lanes, accounts: accounts), FairnessWatch(programs: programs * accounts))
  }

  func expect(_ condition: Bool, _ promise: @autoclosure () -> String) {
    if !condition, violation == nil { violation = promise() }
  }

  func expect(_ broken: String?) {
    if violation == nil { violation = broken }
  }

  func note(drop file: SpoolDisk.File, actions: [Action]) {
    drops.append(Drop(file: file, actions: actions))
  }

  func note(claim: ClaimID, of file: SpoolDisk.Number) {
    dropOfClaim[claim.text] = file
  }

  /// - Parameter entries: How many rows each account had before.
  func noteAcceptance(of file: AcceptableFile, _ acceptance: Acceptance, entries: [Account: Int]) {
    guard let number = dropOfClaim[file.claim] else { return expect(false, "\(file.claim) is accepted and was never claimed") }
    let hasReceipt = acceptance.entries.isEmpty && acceptance.repeated.isEmpty && acceptance.outdated.isEmpty
    guard !hasReceipt else { return expect(drops[number].isAccepted, "drop \(number) has a receipt and was not accepted") }
    expect(!drops[number].isAccepted, "drop \(number) is accepted twice")
    for key in acceptance.outdated { expectOvertaken(number, key: AccountKey(key, of: file.account), by: file) }
    expectOrder(of: number)
    let isOwn = tokens.contains(file.sender) || entries[.user(file.sender)] ?? 0 > 0
    let account: Account = isOwn ? .user(file.sender) : .common
    expect(file.account == account, "drop \(number) is accepted for \(file.account) instead of \(account)")
    drops[number].isAccepted = true
    guard !isRepetition(number, acceptance) else { return }
    let writes = drops[number].actions.flatMap { $0.writes(droppedAt: file.droppedAt) }
    for (position, write) in writes.enumerated() where !acceptance.outdated.contains(write.key) {
      let new = AcceptedWrite(order: accepted.count, write: write, sender: file.sender, drop: number)
      let (id, key, stray) = ("\(file.claim)-\(position + 1)", AccountKey(write.key, of: account), AccountKey(write.key, of: .common))
      (accepted[id], accounts[id]) = (new, account)
      // What he dropped without a token is replaced too.
      if account != .common, latest[stray]?.sender == file.sender { latest[stray] = nil }
      if latest.updateValue(new, forKey: key) == nil { keys.append(key) }
      fairness.note(accepted: key, at: elapsed)
    }
  }

  private func isRepetition(_ number: SpoolDisk.Number, _ acceptance: Acceptance) -> Bool {
    let isTakenForOne = !acceptance.repeated.isEmpty
    if let id = drops[number].actions.first?.id, !oldIDs.contains(id) {
      let isNew = acceptedIDs.insert(id).inserted
      expect(isNew != isTakenForOne, "drop \(number) is \(isNew ? "" : "not ")taken for a repetition")
    }
    return isTakenForOne
  }

  /// Only a value of somebody else's that was recorded later may stay in the place of a newer acceptance.
  private func expectOvertaken(_ number: SpoolDisk.Number, key: AccountKey, by file: AcceptableFile) {
    let stays = latest[key].map { $0.sender != file.sender && $0.write.recordedAt > file.droppedAt } ?? false
    expect(stays, "drop \(number) counts as outdated")
  }

  /// What was dropped before, by the order of drops and by the clock, has been accepted before.
  private func expectOrder(of number: SpoolDisk.Number) {
    let file = drops[number].file
    while firstOpen < drops.count, drops[firstOpen].isAccepted || drops[firstOpen].actions.isEmpty { firstOpen += 1 }
    for earlier in firstOpen..<max(firstOpen, number) where !drops[earlier].isAccepted && !drops[earlier].actions.isEmpty {
      expect(drops[earlier].file.modified > file.modified, "drop \(number) is accepted before drop \(earlier)")
    }
  }

  func note(request delivery: Delivery, besides underWay: [Delivery], atMost limit: Int) {
    requests += 1
    let busy = Set(underWay.flatMap(\.accountSessions))
    expect(busy.isDisjoint(with: delivery.accountSessions), "two requests are under way for one session of \(delivery.sessions)")
    expect(Set(delivery.sessions).count == delivery.sessions.count, "a session is twice in one request")
    if case .bulkSync(let program, let updates) = delivery.call {
      expect(updates.allSatisfy { $0.isCompletion && $0.session.program == program }, "a bulk-sync carries what it must not: \(updates)")
    }
    expect(underWay.count < limit, "more than \(limit) requests are under way")
    for write in delivery.writes {
      ids[write.sequence] = write.id
      let known = known(write.id)
      expect(account(of: write.id) == delivery.account, "\(write.write.key) goes out with the token of \(delivery.account)")
      expect(
        known?.write.value == write.write.value && delivery.sessions.contains(write.write.session)
          && known?.write.session == write.write.session, "\(write) was never dropped")
    }
    if case .user(let user) = delivery.account { expect(tokens.contains(user), "something goes out for \(user), who has no token") }
    expect(Set(delivery.call.values) == Set(delivery.writes.map(\.write.value)), "\(delivery.call) carries other values than its writes")
    expect(rules.broken(by: delivery, besides: underWay.count))
    expect(wishes.broken(by: delivery, orders: delivery.writes.compactMap { known($0.id)?.order }, at: elapsed))
    expect(fairness.note(request: delivery, besides: busy, at: elapsed))
    let before = calls.updateValue(delivery.call, forKey: delivery.idempotencyKey)
    expect(before ?? delivery.call == delivery.call, "\(delivery.idempotencyKey) stands for two different requests")
  }

  func note(stormOf delivery: Delivery, at instant: Int, oldest: Int?) {
    expect(storm.note(requestAt: instant, oldest: oldest))
  }

  /// What the engine is told next.
  func note(_ outcome: DeliveryOutcome, to delivery: Delivery) {
    rules.note(outcome, to: delivery)
    fairness.note(outcome, of: delivery.account)
    switch outcome {
    case .delivered: break
    case .throttled, .unauthorized: fairness.forgive(puttingOff: delivery.writes.count)
    case .deferred, .unreachable, .rejected, .unsupported: fairness.forgive()
    }
  }

  func note(settled settlements: [Settlement]) {
    rules.note(settled: settlements)
    for settlement in settlements where settlement.fate == .delivered {
      guard let id = ids[settlement.sequence], let known = known(id), let account = account(of: id) else { continue }
      let key = AccountKey(known.write.key, of: account)
      if latest[key]?.order == known.order { fairness.note(delivered: key) }
    }
  }

  /// The engine starts, and knows of no trouble.
  func noteStart() {
    storm.forgive(at: elapsed)
    fairness.forgive()
    rules.noteStart()
  }

  /// The engine has reason to try anew, whatever is under way.
  func noteRing(underWay: Int) {
    storm.forgive(at: elapsed)
    fairness.forgive()
    rules.noteRing(underWay: underWay)
  }

  func noteClockStep(by step: Int) {
    storm.forgive(at: elapsed)
    fairness.forget()
    wishes.noteClockStep(by: step)
    // So far forward that ids may be forgotten.
    if step > 90 * 86_400_000 { oldIDs.formUnion(acceptedIDs) }
  }

  func note(applied delivery: Delivery) {
    for write in delivery.writes {
      guard let known = known(write.id) else { continue }
      let key = AccountKey(known.write.key, of: delivery.account)
      let before = applied[key] ?? -1
      expect(known.order >= before, "\(key) goes back on the server, from write \(before) to \(known.order)")
      applied[key] = known.order
    }
  }

  func hasApplied(_ session: AccountSession) -> Bool { applied.keys.contains { $0.session == session } }

  /// At any moment: the latest accepted write of each key stands in the queue or on the server, and what is listed as failed was refused.
  func expectNothingLost(queued entries: [QueueRow]) {
    var queued: Set<Int> = []
    for entry in entries {
      if let order = known(entry.id)?.order { queued.insert(order) }
      guard entry.isFailed else { continue }
      expect(rules.refusedAlone.contains(entry.id), "write \(entry.id) is listed as failed, and the API never refused it by itself")
      expect(entry.hasReason, "write \(entry.id) is listed as failed without status and reason")
    }
    for key in keys {
      guard let last = latest[key] else { continue }
      let isThere = applied[key] == last.order || queued.contains(last.order) || wishes.discarded.contains(last.order)
      expect(isThere, "write \(last.order) of \(key) is neither queued nor applied")
    }
  }

  func noteDiscard(of id: String) {
    guard let known = known(id), let account = account(of: id) else { return }
    wishes.note(discarded: known.order)
    fairness.note(discarded: AccountKey(known.write.key, of: account))
  }

  func noteRetry(of sequence: Int64, refusedAs id: String) {
    wishes.note(refused: id)
    rules.noteRetry(of: sequence)
  }

  func noteClear(sender: UInt32?) {
    wishes.clearing = WishWatch.Clearing(sender: sender, drops: drops.count)
  }

  func expectAccepted(upTo count: Int, sender: UInt32?) {
    for number in 0..<count where !drops[number].isAccepted && !drops[number].actions.isEmpty {
      let isMeant = sender.map { $0 == drops[number].file.sender } ?? true
      expect(!isMeant, "drop \(number) is accepted after everything was cleared")
    }
  }

  func expectGone(_ id: String, _ clearing: WishWatch.Clearing) {
    guard let write = known(id), clearing.sender.map({ $0 == write.sender }) ?? true else { return }
    expect(write.drop >= clearing.drops, "\(write.write.key) is still in the queue after everything was cleared")
  }

  /// The write with this id, if it was accepted.
  func write(_ id: String) -> Write? { known(id)?.write }

  /// Whose token it may go out with.
  func account(of id: String) -> Account? { accounts[String(id.prefix { $0 != "~" })] }

  /// A write that a person has retried after a refusal has its old id with an ending.
  func known(_ id: String) -> AcceptedWrite? { accepted[String(id.prefix { $0 != "~" })] }

  /// Whether all that was dropped has been accepted, or rejected where it is rubbish.
  func hasTakenAll(from files: [SpoolDisk.File]) -> Bool {
    files.indices.allSatisfy { number in
      let isRubbish = drops[number].actions.isEmpty
      expect(isRubbish || files[number].place != .rejected, "drop \(number) is in rejected/")
      return isRubbish ? files[number].place == .rejected : drops[number].isAccepted
    }
  }
}

/// What of a row of the queue the oracle looks at.
struct QueueRow {
  let id: String
  let isFailed: Bool
  let hasReason: Bool
}

extension ProgressCall {
  fileprivate var values: [WriteValue] { updates.flatMap(\.values) }
}

extension SessionUpdate {
  fileprivate var isCompletion: Bool { if case .complete = change { true } else { false } }

  fileprivate var values: [WriteValue] {
    switch change {
    case .complete(let instant, let rating, let scheduled):
      [.done(at: instant)] + (rating.map { [.rating($0)] } ?? []) + (scheduled.map { [.scheduled($0)] } ?? [])
    case .uncomplete: [.undone]
    case .intensity(let rating): [.rating(rating)]
    case .schedule(let date): [.scheduled(date)]
    case .exercise(let log): [.exercise(log)]
    }
  }
}
