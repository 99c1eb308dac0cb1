import Glibc
package import SystemPackage

/// Rings when a file has been written, replaced, or put into its place, so that it is worth reading again.
///
/// It watches the file's directory with inotify(7), so that a file that another is renamed over is not lost from sight; where the file
/// or its directory is a symbolic link, also the directories of the links, so that a swapped link rings (Kubernetes replaces mounted
/// secrets so). While the directory is missing, the nearest one that exists is watched. A file that is written rings when it is closed.
/// A file that is missing or empty does not ring: it is about to be replaced. Directories further up are not watched for being renamed.
package struct FileWatch: Sendable {
  /// For one consumer; the watch ends with it.
  package let rings: AsyncStream<Void>
  private let notices: KernelNotices

  /// - Parameter file: Absolute; it need not exist.
  ///
  /// Throws when its directory may not be read, and when the user's inotify instances or watches are used up (`EMFILE`, `ENOSPC`).
  package init(_ file: FilePath) throws(SystemEventError) {
    try self.init("\(file)") { () throws(Errno) in try WatchedPath(file) }
  }

  /// Watches all that lies in a directory instead, and rings also when something was removed, and when the directory itself is.
  ///
  /// - Parameter directory: Absolute; it need not exist.
  ///
  /// Throws as the other does.
  package init(contentsOf directory: FilePath) throws(SystemEventError) {
    try self.init("\(directory)") { () throws(Errno) in try WatchedPath(contentsOf: directory) }
  }

  private init(_ subject: String, _ watch: () throws(Errno) -> WatchedPath) throws(SystemEventError) {
    do throws(Errno) {
      let path = try watch()
      notices = KernelNotices(from: path.descriptor) { path.drain() }
      rings = notices.rings
    } catch {
      throw SystemEventError(subject: subject, code: error)
    }
  }

  /// Ends the rings, and so whoever waits for them.
  package func end() {
    notices.end()
  }
}
