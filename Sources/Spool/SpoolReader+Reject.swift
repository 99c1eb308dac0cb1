import CrashPoints
import Measurements
package import ProgressModel
import SystemPackage

extension SpoolReader {
  /// Moves claims that cannot be accepted to `rejected/NAME`, each with a `NAME.reason` beside it for a person to read.
  ///
  /// Nothing there is ever overwritten: when the name is taken, or too long for the suffix, the file becomes `<claim id>-NAME`. The reasons
  /// are durable before the first file is moved, so that no crash leaves a file there without one; a file that was not moved yet is
  /// found by `recover`. When this returns, the moves are durable too.
  ///
  /// When it throws, the claims that were not moved are handed over by `claim` once more, a little later.
  @discardableResult
  package func reject(_ refusals: [Refusal], now: Timestamp) throws(SpoolError) -> [RejectedFile] {
    guard !refusals.isEmpty else { return [] }
    return try tallying { () throws(SpoolError) in try moveAside(refusals, now: now) }
  }

  private func moveAside(_ refusals: [Refusal], now: Timestamp) throws(SpoolError) -> [RejectedFile] {
    var files: [RejectedFile] = []
    var moved = 0
    do throws(Errno) {
      for refusal in refusals {
        if let file = try writeReason(of: refusal, now: now) { files.append(file) }
      }
      try syncReasons(of: files)
      CrashPoint.reasonsWritten.reach()
      for file in files {
        try moveAside(file)
        CrashPoint.rejected.reach()
        moved += 1
      }
      try times.sync.time { () throws(Errno) in try directories.rejected.sync() }
      try times.sync.time { () throws(Errno) in try directories.claimed.sync() }
    } catch {
      for file in files.dropFirst(moved) {
        // A reason that stays behind is litter at worst; another attempt takes another name.
        try? directories.rejected.remove(file.storedAs.reasonName)
      }
      for refusal in refusals where claims[refusal.claim] != nil {
        postpone(refusal.claim, seen: claims[refusal.claim]?.seen, until: now + SpoolLimits.retryTime)
      }
      throw .system(doing: "reject files into", path: directories.rejected.path, code: error)
    }
    return files
  }

  /// One fsync for many files is a sync of the file system; for a few that could cost more than it saves.
  private func syncReasons(of files: [RejectedFile]) throws(Errno) {
    guard files.count <= 8 else { return try directories.rejected.syncFileSystem() }
    for file in files { try directories.rejected.open(file.storedAs.reasonName).sync() }
  }

  private func moveAside(_ file: RejectedFile) throws(Errno) {
    guard let claim = claims[file.claim] else { return }
    do throws(Errno) {
      try directories.claimed.move(claim.storedAs, to: directories.rejected, as: file.storedAs)
    } catch .noSuchFileOrDirectory {
      try directories.rejected.remove(file.storedAs.reasonName)
    }
    (claims[file.claim], postponed[file.claim]) = (nil, nil)
  }

  /// Finds a free name in `rejected/` and writes the reason there. Nil when the claim, or its file, is gone.
  private func writeReason(of refusal: Refusal, now: Timestamp) throws(Errno) -> RejectedFile? {
    guard let claim = claims[refusal.claim] else { return nil }
    let status: FileStatus
    do throws(Errno) {
      status = try directories.claimed.status(of: claim.storedAs)
    } catch .noSuchFileOrDirectory {
      claims[refusal.claim] = nil
      return nil
    }
    // The reason may quote what a client wrote; it has to stay one line.
    let reason = escaped(Array(refusal.reason.utf8), doublingBackslashes: false)
    let origin = Provenance(of: claim.name, status)
    let contents = RejectionReason.contents(reason, origin, size: status.size, claim: refusal.claim, now: now)
    let storedAs = try storeReason(contents, for: origin.name, refusal.claim, now: now)
    return RejectedFile(claim: refusal.claim, name: origin.name, storedAs: storedAs, reason: reason, sender: origin.sender)
  }

  private func storeReason(_ text: [UInt8], for name: SpoolName, _ id: ClaimID, now: Timestamp) throws(Errno) -> SpoolName {
    var choice = name
    var prefix = id
    while true {
      if choice.bytes.count + SpoolName.reasonSuffix.count <= SpoolName.maximumLength, try !directories.rejected.holds(choice) {
        do throws(Errno) {
          let file = try directories.rejected.create(choice.reasonName)
          try file.write(text)
          return choice
        } catch .fileExists {
        } catch {
          try? directories.rejected.remove(choice.reasonName)
          throw error
        }
      }
      choice = name.prefixed(with: prefix.text + "-", reserving: SpoolName.reasonSuffix.count)
      prefix = sequence.next(now: now)
    }
  }
}

extension SpoolName {
  static let reasonSuffix = Array(".reason".utf8)

  /// Whether the name is one of those.
  var isReason: Bool { bytes.suffix(Self.reasonSuffix.count) == Self.reasonSuffix[...] }

  /// The name of the file that says why this one was rejected.
  package var reasonName: SpoolName { SpoolName(bytes: bytes + Self.reasonSuffix) }
}
