package import ProgressModel
package import SystemPackage

/// How many files lie in the parts of a spool, by what the directories hold now: a count that is kept beside them could drift.
package struct SpoolCensus: Hashable, Sendable {
  /// Dropped, and not yet claimed; nil when the directory cannot be read.
  package let incoming: Int?
  /// Claimed, and not yet accepted or refused.
  package let claimed: Int?
  /// When the oldest of them was claimed; nil when there is none.
  package let oldestClaimAt: Timestamp?
  /// Refused, without their reasons.
  package let rejected: Int?

  /// So many entries are looked at in each directory, which takes some 50 ms; a count may end there.
  package static let limit = 200_000

  package init(root: FilePath) {
    incoming = Self.count(in: root.appending("incoming")) { $0.isActionFile }
    var oldest: ClaimID?
    claimed = Self.count(in: root.appending("claimed")) { name in
      if let claim = ClaimedName(name)?.claim { oldest = min(oldest ?? claim, claim) }
      return true
    }
    oldestClaimAt = oldest?.madeAt
    rejected = Self.count(in: root.appending("rejected")) { !$0.isReason }
  }

  private static func count(in path: FilePath, where isCounted: (SpoolName) -> Bool) -> Int? {
    // Whoever wants to know why, and what to do, asks the reader, which meets the same.
    guard let directory = try? Directory(path) else { return nil }
    var (seen, counted) = (0, 0)
    do throws(Errno) {
      try directory.forEachName { name in
        seen += 1
        if isCounted(name) { counted += 1 }
        return seen < limit
      }
    } catch {
      return nil
    }
    return counted
  }
}
