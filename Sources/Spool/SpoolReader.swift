import Measurements
package import ProgressModel
package import SystemPackage

/// The daemon's end of the spool: finds what was dropped, claims it, and hands it over to be accepted.
///
/// A file's way: `scan` lists it; `claim` renames it into `claimed/`, makes that durable and reads it; the caller accepts it in a durable
/// transaction that records the claim; `finish` unlinks it. What cannot be accepted goes to `rejected/` with a reason. Nothing is
/// unlinked but by `finish`, so a crash at any moment leaves every file in one of the three directories:
///
/// - before the batch's claims are synced: in `incoming/` or in `claimed/`, and nobody has seen its contents;
/// - after that, until `finish`: in `claimed/`, where `recover` finds it. Whether it was accepted, the caller's receipts know;
/// - after `finish`: gone, or, when the power failed before the next batch, in `claimed/` again, with its receipt still kept.
///
/// Synchronous and for one owner. No call waits for anybody but the disk. One odd entry never stops the rest; an error that is thrown
/// is about the spool as a whole (a full disk), has left every file in place, and the same call may simply be made again later.
package final class SpoolReader {
  /// One entry of `incoming/` as the listing found it. The older one, by mtime and then by the name that it was given, is the lesser.
  struct Entry: Comparable {
    /// The name in `incoming/`.
    let name: SpoolName
    let status: FileStatus
    /// Whose it is, as far as the listing shows.
    let provenance: Provenance

    /// Who dropped it.
    var sender: UInt32 { provenance.sender }

    init(name: SpoolName, status: FileStatus) {
      (self.name, self.status, provenance) = (name, status, Provenance(of: name, status))
    }

    static func < (left: Entry, right: Entry) -> Bool {
      (left.status.modified, left.provenance.name, left.name) < (right.status.modified, right.provenance.name, right.name)
    }
  }

  /// One entry of `claimed/` that is not finished.
  struct Claim {
    /// The name that it had in `incoming/`.
    let name: SpoolName
    /// The name in `claimed/`.
    let storedAs: SpoolName
    /// `ctime` before the claim.
    let droppedAt: Timestamp
    /// What was last seen of the file.
    var seen: FileStatus?
  }

  let root: FilePath
  let times: SpoolTimes
  /// May be changed at any time; what has been read already is not judged again.
  package var limits: SpoolLimits
  var directories: SpoolDirectories
  private var mustLock = false
  private var isLocked = false
  var sequence = ClaimSequence()
  /// How many files of each sender `claim` may take.
  package var allowance = IntakeAllowance()
  /// What a watcher tells of; without one, every look is a listing.
  package var notes: DropNotes?
  /// What was found, and not looked at yet.
  var candidates = Candidates()
  /// Whether something was dropped that nobody knows the name of.
  private var mustList = false
  /// How many the last listing has found, and how many have been taken since.
  private var listed = 0
  var takenSinceListing = 0
  var rejectedTally: RejectedTally?
  var waiting = WaitingEntries()
  /// Entries that are left alone and were mentioned, by name, with the inode they had.
  var mentioned: [SpoolName: UInt64] = [:]
  var claims: [ClaimID: Claim] = [:]
  /// Claims that were not handed over yet, the next one last. Some may be finished already.
  var unread: [ClaimID] = []
  /// Claims that cannot be handed over yet, and when to try again.
  var postponed: [ClaimID: Timestamp] = [:]
  /// Unlinked, and not yet known to be so durably.
  var finished: [ClaimID] = []
  /// Unlinked durably, and not yet told.
  var durablyFinished: [ClaimID] = []

  /// Opens `root/incoming`, `root/claimed` and `root/rejected`.
  ///
  /// Missing ones, and `root` itself, are made with mode 0700 where this user may. Throws when one is missing still, or when others
  /// could write to `claimed/` or `rejected/`.
  package init(root: FilePath, limits: SpoolLimits = SpoolLimits(), times: SpoolTimes = SpoolTimes()) throws(SpoolError) {
    directories = try SpoolDirectories(root: root)
    (self.root, self.limits, self.times) = (root, limits, times)
  }

  /// Keeps every other daemon off this spool, for as long as this reader lives, whatever state directory it has: two would take each other's
  /// claims for leftovers. Throws `SpoolError.layout` when another one has it.
  package func lock() throws(SpoolError) {
    mustLock = true
    try directories.lock()
    isLocked = true
  }

  /// Whether a directory was removed or replaced, so that what is dropped now goes elsewhere; then `reopen`.
  package var isStale: Bool { directories.isReplaced || isLocked != mustLock }

  /// Opens the directories anew. What was known of them is forgotten, so `recover` and `scan` have to follow, as at start.
  package func reopen() throws(SpoolError) {
    // The lock goes with the old directories, and until it is held again the reader stays stale.
    isLocked = false
    directories = try SpoolDirectories(root: root)
    if mustLock { try lock() }
    (candidates, waiting, mentioned) = (Candidates(), WaitingEntries(), [:])
    (mustList, rejectedTally) = (true, nil)
    (claims, unread, postponed, finished, durablyFinished) = ([:], [], [:], [], [])
  }

  /// Whether `claim`, or a `scan` before it, has more to look at right now.
  package var hasMore: Bool { !unread.isEmpty || candidates.isAnyAllowed(by: allowance) || wantsScan }

  /// Whether there is more than is known by name. While others wait to be claimed, a listing has to be worth its time: with each it would
  /// cost more than the claims.
  package var wantsScan: Bool {
    (mustList && (takenSinceListing * 4 >= listed || !candidates.isAnyAllowed(by: allowance))) || candidates.mustBeListed(for: allowance)
  }

  /// Whether all that the last scan has found is claimed, as far as `allowance` lets it: of one sender, or of everybody.
  package func hasTakenListing(of sender: UInt32? = nil) -> Bool {
    unread.isEmpty && candidates.isListingTaken(of: sender, for: allowance)
  }

  /// Those whose files are found and not claimed, allowed or not.
  package var waitingSenders: Set<UInt32> { candidates.senders }

  /// When `claim` has to be called again even if nothing rings: an unsettled file, a lease. Nil when nothing waits for time to pass.
  package var nextLook: Timestamp? {
    [waiting.nextLook, postponed.values.min()].compactMap { $0 }.min()
  }

  /// Lists `incoming/`, for the following calls of `claim`; candidates are ordered by mtime, then name.
  ///
  /// What was dropped before something that is found is found too, even if both came while the directory was being read. What came
  /// later may be left for the next scan: it has rung.
  ///
  /// The cost is one look at each entry, so with many files call it again when `hasMore` has become false, or when `wantsScan`, not after
  /// each batch.
  package func scan(now: Timestamp) throws(SpoolError) {
    try times.scan.time { () throws(SpoolError) in try list(now: now) }
  }

  /// Takes up what has been dropped since the last scan or look, where a watcher has told of it by name; else asks for a scan.
  ///
  /// The cost is one look at each of those, however much lies in the directory.
  package func look(now: Timestamp) {
    guard let names = notes?.take() else {
      mustList = true
      return
    }
    for name in names {
      if let entry = candidate(name, now: now) { candidates.insert(entry) }
    }
  }

  private func list(now: Timestamp) throws(SpoolError) {
    notes?.forget()
    // Until it has succeeded, a listing is wanted.
    mustList = true
    candidates.makeWayForListing()
    var listing = Listing()
    do throws(Errno) {
      // Of names that may be a million, their hashes are all that is kept; one that is taken for another is found by the next listing.
      var seen: Set<Int> = []
      try directories.incoming.forEachName { name in
        seen.insert(name.hashValue)
        if let entry = candidate(name, now: now) { listing.add(entry) }
        return true
      }
      // A listing may show an entry and miss an earlier one if both are made while it is read. What is earlier than anything in the
      // first is in the second; what is later there may itself have come before its time.
      let (newest, latest) = (listing.newest, listing.latestChange)
      var known: Set<SpoolName> = []
      try directories.incoming.forEachName { name in
        if waiting.holds(name) || mentioned[name] != nil { known.insert(name) }
        guard !seen.contains(name.hashValue), let newest, let latest, let entry = candidate(name, now: now) else { return true }
        if entry < newest, entry.status.changed <= latest { listing.add(entry) }
        return true
      }
      waiting.keep(only: known)
      mentioned = mentioned.filter { known.contains($0.key) }
    } catch {
      throw .system(doing: "list", path: directories.incoming.path, code: error)
    }
    (mustList, listed, takenSinceListing) = (false, listing.count, 0)
    candidates = Candidates(consume listing, turnAfter: candidates.lastServed)
    rejectedTally = nil
  }

  /// The entry, when it deserves a look: unfinished (hidden) files, those at rest and what is not for us do not.
  private func candidate(_ name: SpoolName, now: Timestamp) -> Entry? {
    let isMentionable = mentioned[name] == nil && mentioned.count < SpoolLimits.mentions
    guard !name.isHidden, name.isActionFile || isMentionable else { return nil }
    // An entry that stat does not find is gone again; one that it cannot reach is found by a later scan.
    guard let status = try? directories.incoming.status(of: name) else { return nil }
    let isKnown = mentioned[name] == status.inode || mentioned.count >= SpoolLimits.mentions
    guard status.kind != .directory || !isKnown, !waiting.isResting(name, status, now: now) else { return nil }
    return Entry(name: name, status: status)
  }

  /// Adds the waiting entries whose time has come to the candidates, and due claims to the unread.
  func readmitWhatIsDue(now: Timestamp) {
    let due = waiting.takeDue(now: now)
    for name in due {
      guard let status = try? directories.incoming.status(of: name) else {
        waiting.forget(name)
        continue
      }
      candidates.insert(Entry(name: name, status: status))
    }
    // One that is further ahead than anything is postponed shows a clock that was set back.
    let dueClaims = postponed.filter { $0.value <= now || $0.value > now + max(limits.settleTime, SpoolLimits.retryTime) }
    guard !dueClaims.isEmpty else { return }
    for claim in dueClaims.keys { postponed[claim] = nil }
    unread = (unread + dueClaims.keys).sorted(by: >)
  }
}
