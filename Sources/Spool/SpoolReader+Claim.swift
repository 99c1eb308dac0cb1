import CrashPoints
package import ProgressModel
import SystemPackage

extension SpoolReader {
  /// Claims and reads the next entries: what a crash left first, then what was found, one of each sender in turn and as many as `allowance`
  /// lets it take.
  ///
  /// Returns after at most `limit` entries, or `limits.batchBytes` and a file of contents; `hasMore` tells whether to go on. All claims of the batch
  /// are durable before any contents are returned: otherwise a power cut after their acceptance could give a file back to
  /// `incoming/`, to be accepted once more and perhaps over a newer value.
  ///
  /// Throws when nothing could be done. When something could, that is returned, and what stands in the way is thrown by the next call.
  package func claim(atMost limit: Int, now: Timestamp) throws(SpoolError) -> ClaimBatch {
    readmitWhatIsDue(now: now)
    var batch = ClaimBatch()
    var picked: [ClaimID] = []
    while picked.count < limit, let id = unread.popLast() {
      if claims[id] != nil { picked.append(id) }
    }
    var entries = candidates.take(
      atMost: limit - picked.count, bytes: limits.batchBytes, largest: limits.maximumFileSize, allowance: allowance)[...]
    takenSinceListing += entries.count
    while let entry = entries.popFirst() {
      do throws(SpoolError) {
        if let id = try consider(entry, in: &batch, now: now) { picked.append(id) }
      } catch {
        for entry in [entry] + entries { candidates.insert(entry) }
        if picked.isEmpty && batch.ignored.isEmpty { throw error }
        break
      }
    }
    try handOver(picked, in: &batch, now: now)
    return batch
  }

  private enum Verdict {
    case claim
    /// Claim it if its text is complete.
    case peek
    case wait(Duration)
    case ignore(String)
  }

  /// Claims the entry now, lets it rest, or leaves it alone.
  private func consider(_ found: Entry, in batch: inout ClaimBatch, now: Timestamp) throws(SpoolError) -> ClaimID? {
    guard let entry = try currentEntry(found) else { return nil }
    switch verdict(on: entry, now: now) {
    case .claim: return try take(entry, in: &batch, now: now)
    case .wait(let quiet): waiting.rest(entry.name, entry.status, quiet: quiet, now: now)
    case .ignore(let reason): ignore(entry, reason, in: &batch)
    case .peek:
      switch directories.incoming.readSafely(entry.name, limit: limits.maximumFileSize) {
      case .contents(let text, let status) where looksComplete(text):
        return try take(Entry(name: entry.name, status: status), in: &batch, now: now)
      case .contents(_, let status), .changed(let status):
        waiting.rest(entry.name, status, quiet: limits.settleTime, now: now)
      case .busy, .exhausted, .refused:
        // Its maker may be about to change that (a mode, a lease); when it has been left so for the settle time, it is claimed.
        waiting.rest(entry.name, entry.status, quiet: limits.settleTime, now: now)
      case .gone: waiting.forget(entry.name)
      }
    }
    return nil
  }

  /// The entry as it is by now, since hours may lie between its listing and its turn; nil when it is gone, or another file has taken its
  /// place, which then has its own turn: its order, its sender and the time of its drop are not those that were listed.
  private func currentEntry(_ found: Entry) throws(SpoolError) -> Entry? {
    do throws(Errno) {
      let entry = Entry(name: found.name, status: try directories.incoming.status(of: found.name))
      // One that only changes keeps its turn: who never stops writing would never have one.
      guard found.status.isSameFile(as: entry.status), found.sender == entry.sender else {
        candidates.insert(entry)
        return nil
      }
      return entry
    } catch .noSuchFileOrDirectory {
      waiting.forget(found.name)
      return nil
    } catch {
      throw directories.obstacle(behind: error) ?? .system(doing: "claim from", path: directories.incoming.path, code: error)
    }
  }

  private func verdict(on entry: Entry, now: Timestamp) -> Verdict {
    let status = entry.status
    let quiet = waiting.quietTime(of: entry.name, status, now: now)
    func settled(since time: FileTime) -> Bool { now - time.timestamp >= limits.settleTime || quiet >= limits.settleTime }
    guard entry.name.isActionFile else {
      // Some writers use a temporary name without a dot; theirs are not worth a mention.
      return settled(since: status.changed) ? .ignore("its name does not end in .json") : .wait(limits.settleTime)
    }
    switch status.kind {
    case .directory: return settled(since: status.changed) ? .ignore("a directory") : .wait(limits.settleTime)
    case .symbolicLink, .fifo, .socket, .device: return .claim
    case .regular: break
    }
    if status.links > 1 { return quiet >= SpoolLimits.hardLinkGrace ? .claim : .wait(SpoolLimits.hardLinkGrace) }
    return status.size > limits.maximumFileSize || settled(since: status.modified) ? .claim : .peek
  }

  /// Renames the entry into `claimed/`. From here nobody else can replace it, and its name is free again.
  private func take(_ entry: Entry, in batch: inout ClaimBatch, now: Timestamp) throws(SpoolError) -> ClaimID? {
    let id = sequence.next(now: now)
    let droppedAt = min(entry.status.changed.timestamp, now)
    let storedAs = ClaimedName(claim: id, droppedAt: droppedAt, name: entry.name).stored
    do throws(Errno) {
      try directories.incoming.move(entry.name, to: directories.claimed, as: storedAs)
      CrashPoint.claimed.reach()
    } catch .noSuchFileOrDirectory {
      waiting.forget(entry.name)
      return nil
    } catch  where error.concernsTheWholeSpool {
      throw .system(doing: "claim from", path: directories.incoming.path, code: error)
    } catch {
      if let obstacle = directories.obstacle(behind: error) { throw obstacle }
      ignore(entry, "cannot be moved: \(error); remove it, or let the daemon own incoming/", in: &batch)
      return nil
    }
    waiting.forget(entry.name)
    mentioned[entry.name] = nil
    claims[id] = Claim(name: entry.name, storedAs: storedAs, droppedAt: droppedAt, seen: entry.status)
    return id
  }

  private func ignore(_ entry: Entry, _ reason: String, in batch: inout ClaimBatch) {
    waiting.forget(entry.name)
    guard mentioned[entry.name] != entry.status.inode, mentioned.count < SpoolLimits.mentions else { return }
    mentioned[entry.name] = entry.status.inode
    batch.ignored.append(IgnoredEntry(name: entry.name, reason: reason))
  }
}

extension Errno {
  /// Whether the trouble is the disk's or the system's, and not one entry's: no other entry can be claimed now either.
  fileprivate var concernsTheWholeSpool: Bool {
    let whole: [Errno] = [
      .noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem,
      .staleNFSFileHandle, .improperLink,
    ]
    return whole.contains(self)
  }
}
