import Synchronization
package import SystemPackage

/// What lies in `rejected/`, for those whom it belongs to: looks at it, gives it back to `incoming/`, or throws it away.
///
/// `owner` narrows every question and every command down to the files of one user id, the one that dropped them; nil is for administrators.
/// A file of somebody else is answered as if it were not there. Of the daemon's own files, the reason says who had them put into the spool.
///
/// Works beside a `SpoolReader` that rejects at the same moment, without knowing of it: whoever makes a name in `rejected/` makes its reason
/// first and gives way to one that is there, and here a reason is removed only by whoever has moved its file. So a name changes hands only
/// when both are gone, and a reason without a file is one whose file is about to come, or litter of a crash; neither is touched or listed.
/// Among the commands of one `RejectedFiles` a lock sees to that; a daemon has one.
package final class RejectedFiles: Sendable {
  let incoming: FilePath
  let rejected: FilePath
  let turn = Mutex(())

  /// Nothing is opened before it is needed: a spool that is made anew later is the one that is looked at then.
  package init(root: FilePath) {
    (incoming, rejected) = (root.appending("incoming"), root.appending("rejected"))
  }

  /// How many bytes of a reason are read.
  private static let longestReason = 16 * 1024

  /// The latest `limit` entries, the oldest of them first. Only names and stat are asked of the others.
  package func list(of owner: UInt32?, atMost limit: Int = 10_000) throws(SpoolError) -> [RejectedEntry] {
    let directory = try open(rejected)
    var found: [RejectedEntry] = []
    for name in try names(in: directory) {
      // What is gone by now is not there.
      guard let status = try? directory.status(of: name), isDropped(name, status, by: owner, in: directory) else { continue }
      let reasonWritten = try? directory.status(of: name.reasonName).modified.timestamp
      found.append(RejectedEntry(name: name, status: status, sender: owner ?? status.owner, reasonWritten: reasonWritten))
    }
    found.sort { ($0.rejectedAt, $0.name) < ($1.rejectedAt, $1.name) }
    return found.suffix(limit).map { entry in
      var entry = entry
      let reason = reason(of: entry.name, in: directory)
      entry.reason = reason?.text
      if entry.sender == directory.status.owner { entry.sender = reason?.sender ?? entry.sender }
      return entry
    }
  }

  /// The names of all, whoever dropped them, in their order.
  package func allNames() throws(SpoolError) -> [SpoolName] { try names(in: open(rejected)).sorted() }

  /// The first `limit` bytes of a file; nil when `owner` has none of that name.
  ///
  /// Throws `RejectedFileError` for what is no regular file, which is never opened, and for what this process may not read.
  package func contents(of name: SpoolName, of owner: UInt32?, atMost limit: Int) throws -> RejectedContents? {
    let directory = try open(rejected)
    guard let found = try status(of: name, of: owner, in: directory) else { return nil }
    if let problem = found.kind.refusal { throw RejectedFileError(name: name, problem: problem) }
    do throws(Errno) {
      let file = try directory.open(name)
      let status = try file.status()
      guard status.kind == .regular, status.isSameFile(as: found) else { return nil }
      return RejectedContents(bytes: try file.read(atMost: min(limit, status.size)), size: status.size)
    } catch .noSuchFileOrDirectory {
      return nil
    } catch .permissionDenied {
      throw RejectedFileError(name: name, problem: "unreadable for the daemon; requeue it and chmod g+r it, or discard it")
    } catch {
      throw SpoolError.system(doing: "read \(name) in", path: rejected, code: error)
    }
  }
}

extension RejectedFiles {
  /// All entries that were rejected, reasons left out.
  ///
  /// A name that ends in `.reason` is a reason, unless it has one itself.
  func names(in directory: borrowing Directory) throws(SpoolError) -> [SpoolName] {
    do {
      let names = try directory.names()
      let all = Set(names)
      return names.filter { !$0.endsAsReason || all.contains($0.reasonName) }
    } catch {
      throw .system(doing: "list", path: directory.path, code: error)
    }
  }

  /// What stat says of a rejected file; nil when `owner` has none of that name.
  func status(of name: SpoolName, of owner: UInt32?, in directory: borrowing Directory) throws(SpoolError) -> FileStatus? {
    do throws(Errno) {
      guard name.isEntry else { return nil }
      if name.endsAsReason, try !directory.holds(name.reasonName) { return nil }
      let status = try directory.status(of: name)
      return isDropped(name, status, by: owner, in: directory) ? status : nil
    } catch .noSuchFileOrDirectory {
      return nil
    } catch {
      throw .system(doing: "look at \(name) in", path: directory.path, code: error)
    }
  }

  func open(_ path: FilePath) throws(SpoolError) -> Directory {
    do {
      return try Directory(path)
    } catch {
      throw .system(doing: "open", path: path, code: error)
    }
  }

  /// Who dropped a file. Others' files are theirs; of the daemon's own, which is whom the directory belongs to, the reason knows better.
  func sender(of name: SpoolName, _ status: FileStatus, in directory: borrowing Directory) -> UInt32 {
    guard status.owner == directory.status.owner, status.kind == .regular else { return status.owner }
    return reason(of: name, in: directory)?.sender ?? status.owner
  }

  private func isDropped(_ name: SpoolName, _ status: FileStatus, by user: UInt32?, in directory: borrowing Directory) -> Bool {
    user == nil || user == sender(of: name, status, in: directory)
  }

  /// A file's reason; nil when it has none.
  private func reason(of name: SpoolName, in directory: borrowing Directory) -> RejectionReason? {
    // Only the daemon writes there; what cannot be read is missed no more than what is not there.
    guard let kind = try? directory.status(of: name.reasonName).kind, kind == .regular,
      let bytes = try? directory.open(name.reasonName).read(atMost: Self.longestReason)
    else { return nil }
    return RejectionReason(contents: bytes)
  }
}

extension SpoolName {
  fileprivate var endsAsReason: Bool {
    bytes.count > Self.reasonSuffix.count && bytes.suffix(Self.reasonSuffix.count) == Self.reasonSuffix[...]
  }
}
