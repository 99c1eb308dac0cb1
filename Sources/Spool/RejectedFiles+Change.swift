import Synchronization
import SystemPackage

/// Which of the rejected files are meant.
package enum RejectedSelection: Hashable, Sendable {
  case names([SpoolName])
  case all
}

/// What a command on rejected files came to, by their names in `rejected/`.
package struct RejectedChange: Hashable, Sendable {
  /// Done, durably.
  package var changed: [SpoolName] = []
  /// Not there, or not the caller's.
  package var missing: [SpoolName] = []
  /// Left as they were, and why.
  package var refused: [RejectedFileError] = []

  package init(changed: [SpoolName] = [], missing: [SpoolName] = [], refused: [RejectedFileError] = []) {
    (self.changed, self.missing, self.refused) = (changed, missing, refused)
  }
}

extension RejectedFiles {
  /// Gives files back to `incoming/`, as if they were dropped now: there they are found like any others, and judged anew.
  ///
  /// Each keeps its sender and its name, without the claim that may stand in front; `.json` is put behind one that has lost it, and when the
  /// name is taken in `incoming/` another one is chosen. When this returns, all is durable. A crash leaves each file in one of the two
  /// directories, and its reason with it for as long as it may be in `rejected/`; at worst a reason stays behind.
  package func requeue(_ choice: RejectedSelection, of owner: UInt32?) throws(SpoolError) -> RejectedChange {
    try turn.withLock { _ throws(SpoolError) in
      let rejected = try open(rejected)
      let incoming = try open(incoming)
      return try change(choice, of: owner, in: rejected) { name, status throws(Errno) in
        if let kind = status.kind.refusal { return "\(kind); it would only be rejected again; discard it" }
        try Self.giveBack(name, for: spokenFor(by: name, status, in: rejected), from: rejected, to: incoming)
        return nil
      } beforeReasonsGo: { () throws(Errno) in
        try incoming.sync()
        try rejected.sync()
      }
    }
  }

  /// Removes files and their reasons. When this returns, they are gone durably.
  package func discard(_ choice: RejectedSelection, of owner: UInt32?) throws(SpoolError) -> RejectedChange {
    try turn.withLock { _ throws(SpoolError) in
      let rejected = try open(rejected)
      return try change(choice, of: owner, in: rejected) { name, status throws(Errno) in
        if status.kind == .directory { return "a directory, which only a person removes: rm -r it" }
        try rejected.remove(name)
        return nil
      } beforeReasonsGo: { () throws(Errno) in
        // Otherwise a crash could bring a file back without its reason.
        try rejected.sync()
      }
    }
  }

  /// Does `deed` to each file, and removes its reason then. What the deed returns is why it was not done.
  private func change(
    _ choice: RejectedSelection, of owner: UInt32?, in directory: borrowing Directory,
    deed: (SpoolName, FileStatus) throws(Errno) -> String?, beforeReasonsGo sync: () throws(Errno) -> Void
  ) throws(SpoolError) -> RejectedChange {
    var change = RejectedChange()
    var reasons: [SpoolName] = []
    for name in try names(of: choice, in: directory) {
      guard let status = try status(of: name, of: owner, in: directory) else {
        // Of all, those of others were not asked for.
        if choice != .all { change.missing.append(name) }
        continue
      }
      do throws(Errno) {
        // A reason that comes later belongs to another file, to which the name is free when there is none.
        let hasReason = try directory.holds(name.reasonName)
        if let problem = try deed(name, status) {
          change.refused.append(RejectedFileError(name: name, problem: problem))
          continue
        }
        change.changed.append(name)
        if hasReason { reasons.append(name.reasonName) }
      } catch .noSuchFileOrDirectory {
        change.missing.append(name)
      } catch {
        change.refused.append(RejectedFileError(name: name, problem: "cannot be moved: \(error)"))
      }
    }
    guard !change.changed.isEmpty else { return change }
    do throws(Errno) {
      try sync()
      for reason in reasons { try directory.remove(reason) }
      try directory.sync()
    } catch {
      throw .system(doing: "sync", path: directory.path, code: error)
    }
    return change
  }

  private func names(of choice: RejectedSelection, in directory: borrowing Directory) throws(SpoolError) -> [SpoolName] {
    switch choice {
    case .names(let names): names
    case .all: try names(in: directory).sorted()
    }
  }

  /// Whom a file of the daemon has to speak for in `incoming/`; nil for one that is its owner's there by itself.
  private func spokenFor(by name: SpoolName, _ status: FileStatus, in directory: borrowing Directory) -> UInt32? {
    let sender = sender(of: name, status, in: directory)
    let isMisleading = status.owner == directory.status.owner && Provenance(entrusted: name.requeued()) != nil
    return sender != status.owner || isMisleading ? sender : nil
  }

  private static func giveBack(
    _ name: SpoolName, for sender: UInt32?, from rejected: borrowing Directory, to incoming: borrowing Directory
  ) throws(Errno) {
    var choice = name.requeued(for: sender)
    while true {
      do throws(Errno) {
        return try rejected.move(name, to: incoming, as: choice)
      } catch .fileExists {
        choice = name.requeued(for: sender, after: SpoolWriter.uniqueText())
      }
    }
  }
}

extension SpoolName {
  /// The name that a rejected file gets in `incoming/`, behind `prefix` and a dash where there is one; `sender` is whom a file of the daemon
  /// speaks for.
  func requeued(for sender: UInt32? = nil, after prefix: String = "") -> SpoolName {
    let mark = sender.map { "~\($0)~" } ?? ""
    let beginning = Array((prefix.isEmpty ? mark : "\(mark)\(prefix)-").utf8)
    // A hidden file would not be found.
    var stem = withoutClaim.bytes.drop { $0 == UInt8(ascii: ".") }
    if SpoolName(bytes: Array(stem)).isActionFile { stem = stem.dropLast(Self.suffix.count) }
    let kept = stem.prefix(Self.maximumLength - Self.suffix.count - beginning.count)
    return SpoolName(bytes: beginning + (kept.isEmpty && prefix.isEmpty ? Array("file".utf8) : Array(kept)) + Self.suffix)
  }

  /// The name without the claim that `SpoolReader.reject` puts in front of one that is taken, or too long.
  private var withoutClaim: SpoolName {
    let length = ClaimID.length
    guard bytes.count > length + 1, bytes[length] == UInt8(ascii: "-"),
      ClaimID(String(decoding: bytes.prefix(length), as: UTF8.self)) != nil
    else { return self }
    return SpoolName(bytes: Array(bytes.dropFirst(length + 1)))
  }
}
