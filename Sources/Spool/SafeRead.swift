import SystemPackage

/// What came of reading one entry.
enum SafeRead {
  case contents([UInt8], FileStatus)
  /// It changed while it was read.
  case changed(FileStatus)
  /// Somebody has a lease on it; asking again later may bring an answer.
  case busy
  /// The system lacks the means to read anything now (open files, memory).
  case exhausted(Errno)
  case gone
  /// It will never be accepted as it is.
  case refused(String)
}

extension Directory {
  /// Reads an entry that a stranger made: never follows a link, never opens what is not a regular file, never waits, and reads no
  /// more than `limit` bytes.
  ///
  /// The size is judged by stat, so that a sparse file costs nothing. The contents are read, not mapped: the file's owner may cut
  /// it short at any moment.
  func readSafely(_ name: SpoolName, limit: Int) -> SafeRead {
    do throws(Errno) {
      // Opening a fifo or a device has effects of its own, so the entry is looked at first.
      if let reason = refusal(of: try status(of: name), limit: limit) { return .refused(reason) }
      let file = try open(name)
      let before = try file.status()
      if let reason = refusal(of: before, limit: limit) { return .refused(reason) }
      let bytes = try file.read(atMost: before.size + 1)
      let after = try file.status()
      guard before.isUnchanged(in: after), before.links == after.links, bytes.count == after.size else { return .changed(after) }
      return .contents(bytes, after)
    } catch {
      return outcome(of: error)
    }
  }

  private func refusal(of found: FileStatus, limit: Int) -> String? {
    if let kind = found.kind.refusal { return kind }
    if found.links != 1 { return "has \(found.links) names (hard links); drop a copy of its own" }
    if found.size > limit { return "too large: \(found.size) bytes, at most \(limit) are taken; split it" }
    return nil
  }

  private func outcome(of code: Errno) -> SafeRead {
    switch code {
    case .noSuchFileOrDirectory: .gone
    case .resourceTemporarilyUnavailable: .busy
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: .exhausted(code)
    case .permissionDenied: .refused("unreadable for the daemon; chmod g+r it, or drop it with progressctl")
    // The open refuses links by itself: the entry became one after it was looked at.
    case .tooManySymbolicLinkLevels: .refused(FileStatus.Kind.symbolicLink.refusal ?? "")
    default: .refused("cannot be read: \(code)")
    }
  }
}

extension FileStatus.Kind {
  /// Why an entry of this kind is refused; nil for regular files.
  var refusal: String? {
    switch self {
    case .regular: nil
    case .directory: "a directory, not a file"
    case .symbolicLink: "a symbolic link, which is never followed; drop the file itself"
    case .fifo: "a named pipe, not a file"
    case .socket: "a socket, not a file"
    case .device: "a device, not a file"
    }
  }
}
