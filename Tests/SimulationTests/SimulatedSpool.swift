import ProgressModel
import Spool
import SyncEngine

/// A reader of a spool on a `SpoolDisk`: what `SpoolReader` keeps in memory, and its order of effects.
final class SimulatedSpool: SpoolPort {
  private let disk: SpoolDisk
  private let hazards: Hazards
  private let oracle: Oracle
  private let bug: DeliberateBug?
  /// The next one last, like the other lists.
  private var candidates: [SpoolDisk.Number] = []
  private var unread: [ClaimID] = []
  private var claims: [ClaimID: SpoolDisk.Number] = [:]
  private var postponed: [ClaimID: Timestamp] = [:]
  private var finished: [ClaimID] = []
  private var durablyFinished: [ClaimID] = []

  /// What is dropped has no name here.
  private var mustList = false
  var allowance = IntakeAllowance()

  private static let retryTime = Duration.seconds(1)

  init(disk: SpoolDisk, hazards: Hazards, oracle: Oracle, bug: DeliberateBug?) {
    (self.disk, self.hazards, self.oracle, self.bug) = (disk, hazards, oracle, bug)
  }

  var hasMore: Bool { !candidates.isEmpty || !unread.isEmpty || wantsScan }
  var wantsScan: Bool { mustList && candidates.isEmpty }
  func hasTakenListing(of sender: UInt32?) -> Bool { candidates.isEmpty && unread.isEmpty }
  var waitingSenders: Set<UInt32> { Set(candidates.map { disk.files[$0].sender }) }
  var nextLook: Timestamp? { postponed.values.min() }
  var isStale: Bool { false }
  func reopen() throws(SpoolError) {}

  func recover(now: Timestamp) throws(SpoolError) -> [ClaimID] {
    try admit(.read, "recover")
    for (file, claim) in disk.claimed { claims[claim.id] = file }
    disk.sync()
    postponed = [:]
    unread = claims.keys.sorted(by: >)
    return unread.reversed()
  }

  func countRejected() throws(SpoolError) -> [UInt32: Int] { [:] }

  func look(now: Timestamp) { mustList = true }

  func scan(now: Timestamp) throws(SpoolError) {
    try admit(.read, "list")
    mustList = false
    candidates = bug == .clearingLeavesTheSpool && oracle.wishes.clearing != nil ? [] : disk.incoming.reversed()
  }

  func claim(atMost limit: Int, now: Timestamp) throws(SpoolError) -> ClaimBatch {
    readmit(now: now)
    var picked: [ClaimID] = []
    while picked.count < limit, let id = unread.popLast() {
      if claims[id] != nil { picked.append(id) }
    }
    while picked.count < limit, let file = candidates.last {
      do throws(SpoolError) {
        try admit(.rename, "claim")
      } catch {
        if picked.isEmpty { throw error }
        break
      }
      candidates.removeLast()
      guard let claim = disk.nextClaim(droppedAt: min(disk.files[file].modified, now)) else { continue }
      disk.move(file, to: .claimed(claim))
      claims[claim.id] = file
      picked.append(claim.id)
    }
    return try handOver(picked, now: now)
  }

  private func readmit(now: Timestamp) {
    let due = postponed.filter { $0.value <= now || $0.value > now + Self.retryTime }.keys
    for claim in due { postponed[claim] = nil }
    unread = (unread + due).sorted(by: >)
  }

  private func handOver(_ picked: [ClaimID], now: Timestamp) throws(SpoolError) -> ClaimBatch {
    var batch = ClaimBatch()
    guard !picked.isEmpty else { return batch }
    do throws(SpoolError) {
      try admit(.write, "sync")
    } catch {
      unread += picked.reversed()
      throw error
    }
    if bug != .claimsAreNotSynced { disk.sync() }
    durablyFinished += finished
    finished = []
    batch.files = picked.compactMap { read($0, now: now) }
    if bug == .unlinkBeforeCommit {
      for file in batch.files { unlink(file.claim) }
      disk.sync()
    }
    (batch.durablyFinished, durablyFinished) = (durablyFinished, [])
    return batch
  }

  private func read(_ id: ClaimID, now: Timestamp) -> ClaimedFile? {
    guard let number = claims[id], case .claimed(let claim) = disk.files[number].place else { return nil }
    let file = disk.files[number]
    oracle.note(claim: id, of: number)
    return ClaimedFile(claim: id, name: file.name, contents: file.contents, sender: file.sender, droppedAt: min(claim.droppedAt, now))
  }

  func finish(_ finishedClaims: [ClaimID]) throws(SpoolError) {
    var failure: SpoolError?
    for id in finishedClaims where claims[id] != nil {
      do throws(SpoolError) {
        try admit(.rename, "remove")
        unlink(id)
        finished.append(id)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func unlink(_ id: ClaimID) {
    if let file = claims[id] { disk.move(file, to: .gone) }
    (claims[id], postponed[id]) = (nil, nil)
  }

  func reject(_ refusals: [Refusal], now: Timestamp) throws(SpoolError) -> [RejectedFile] {
    var rejected: [RejectedFile] = []
    do throws(SpoolError) {
      for refusal in refusals {
        guard let file = claims[refusal.claim] else { continue }
        try admit(.grow, "reject")
        disk.move(file, to: .rejected)
        claims[refusal.claim] = nil
        let name = disk.files[file].name
        rejected.append(
          RejectedFile(claim: refusal.claim, name: name, storedAs: name, reason: refusal.reason, sender: disk.files[file].sender))
      }
      if !refusals.isEmpty {
        try admit(.write, "sync")
        disk.sync()
      }
    } catch {
      for refusal in refusals where claims[refusal.claim] != nil { postponed[refusal.claim] = now + Self.retryTime }
      throw error
    }
    return rejected
  }

  private func admit(_ effect: Hazards.Effect, _ doing: String) throws(SpoolError) {
    do throws(Hazards.Trouble) {
      try hazards.admit(effect)
    } catch {
      throw error.inSpool(doing)
    }
  }
}
