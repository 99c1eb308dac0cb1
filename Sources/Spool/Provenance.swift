import Glibc

/// Who dropped an entry, and under which name.
///
/// That is its owner, and its own name, for all but what the daemon itself has put there on behalf of somebody who handed it over by socket:
/// a regular file of the daemon's user, with this one name, called `~UID~NAME`. Nobody else can own such a file, so nobody can speak for
/// another; and name and owner survive every rename, so a crash cannot make one person's file another's.
struct Provenance: Hashable, Sendable {
  let sender: UInt32
  /// What people see: without what stands in front of it.
  let name: SpoolName

  init(sender: UInt32, name: SpoolName) {
    (self.sender, self.name) = (sender, name)
  }

  /// - Parameter storedAs: The name in `incoming/`, which may have been cut at its end since.
  /// - Parameter daemon: The user whose files may speak for others.
  init(of storedAs: SpoolName, _ status: FileStatus, daemon: UInt32 = geteuid()) {
    guard status.owner == daemon, status.kind == .regular, status.links == 1, let entrusted = Provenance(entrusted: storedAs) else {
      self.init(sender: status.owner, name: storedAs)
      return
    }
    self = entrusted
  }

  /// The name in `incoming/` of what the daemon puts there for the sender; cut to what a name may have.
  var entrusted: SpoolName { name.prefixed(with: "~\(sender)~") }

  /// Reads such a name; nil for any other. What it says holds for files of the daemon alone.
  init?(entrusted storedAs: SpoolName) {
    let parts = storedAs.bytes.split(separator: Self.mark, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty, let sender = UInt32(String(decoding: parts[1], as: UTF8.self)),
      // One spelling for each, and no sign; the last number stands for no user, chown(2).
      "\(sender)".utf8.elementsEqual(parts[1]), sender != .max
    else { return nil }
    let name = SpoolName(bytes: Array(parts[2]))
    guard !name.bytes.isEmpty, !name.isHidden else { return nil }
    self.init(sender: sender, name: name)
  }

  private static let mark = UInt8(ascii: "~")
}
