package import SystemPackage

/// What the watcher has to say. None of it tells what happened; the directory does.
package enum SpoolRing: Hashable, Sendable {
  /// Something was dropped, or a directory got another mode or owner: scan, or look where there are notes.
  case changed
  /// The kernel's queue was full, and events were lost: scan, as for any other ring.
  case overflowed
  /// A directory of the spool was removed, renamed or replaced, and nothing more will be heard: reopen the reader, watch anew, scan.
  case gone
}

/// Watches `incoming/` with inotify(7), and rings when there may be something to claim.
///
/// Rings are folded into one while nobody takes them, so a burst costs one scan, and a consumer that is busy delays nothing but itself.
/// Nothing wakes up while nothing happens. Watch first and scan then, or a file dropped in between is not noticed until the next.
package struct SpoolWatcher: Sendable {
  /// Ends after `gone`. For one consumer; the watch ends with it.
  package let rings: AsyncStream<SpoolRing>

  /// Watches the spool at `root`.
  ///
  /// Throws when a directory is missing, and when the user's inotify instances or watches are used up (`EMFILE`, `ENOSPC`); the spool then
  /// works by rescans alone.
  ///
  /// - Parameter notes: Gets the names of what is dropped, each before its ring.
  package init(root: FilePath, notes: DropNotes? = nil) throws(SpoolError) {
    let incoming = root.appending("incoming")
    do throws(Errno) {
      rings = try InotifyWatch(root: root, incoming: incoming, notes: notes).start()
    } catch {
      throw .system(doing: "watch", path: incoming, code: error)
    }
  }
}
