import SystemPackage

/// How many files of each sender lie in `rejected/`, and when that was so.
struct RejectedTally {
  var ofSenders: [UInt32: Int] = [:]
  /// The directory's `mtime` then: each entry that comes or goes changes it (inode(7)).
  var directoryModified: FileTime
}

extension SpoolReader {
  /// How many files of each sender lie in `rejected/`.
  ///
  /// They are counted when the directory was changed by anybody but this reader, so that asking costs next to nothing; the time of a directory is
  /// as coarse as 4 ms, and what is missed for that is made up for by the next `scan`.
  package func countRejected() throws(SpoolError) -> [UInt32: Int] {
    do throws(Errno) {
      let modified = try directories.rejected.currentStatus().modified
      if let rejectedTally, rejectedTally.directoryModified == modified { return rejectedTally.ofSenders }
      var tally = RejectedTally(directoryModified: modified)
      let files = RejectedFiles(root: root)
      for name in try directories.rejected.names() where !name.isReason {
        // What is gone by now is not there.
        guard let status = try? directories.rejected.status(of: name) else { continue }
        tally.ofSenders[files.sender(of: name, status, in: directories.rejected), default: 0] += 1
      }
      rejectedTally = tally
      return tally.ofSenders
    } catch {
      throw .system(doing: "count the files in", path: directories.rejected.path, code: error)
    }
  }

  /// Makes a change of this reader's own known to the tally, as far as it was right before.
  func tallying(_ change: () throws(SpoolError) -> [RejectedFile]) throws(SpoolError) -> [RejectedFile] {
    let before = try? directories.rejected.currentStatus().modified
    let isRight = rejectedTally != nil && rejectedTally?.directoryModified == before
    let files = try change()
    guard isRight, let after = try? directories.rejected.currentStatus().modified else { return files }
    for file in files { rejectedTally?.ofSenders[file.sender, default: 0] += 1 }
    rejectedTally?.directoryModified = after
    return files
  }
}
