import Glibc
package import SystemPackage

/// How the directories of a spool lie there, as anybody can see it: for whoever asks why nothing can be dropped.
package struct SpoolInspection: Hashable, Sendable {
  package let incoming: Place
  package let claimed: Place
  package let rejected: Place

  package init(incoming: Place, claimed: Place, rejected: Place) {
    (self.incoming, self.claimed, self.rejected) = (incoming, claimed, rejected)
  }

  package init(root: FilePath) {
    self.init(
      incoming: Place(root.appending("incoming")), claimed: Place(root.appending("claimed")), rejected: Place(root.appending("rejected")))
  }

  /// One directory, or what is in its place.
  package struct Place: Hashable, Sendable {
    package let path: FilePath
    /// Why it cannot be looked at: `noSuchFileOrDirectory`, `permissionDenied`, …
    package var problem: Errno?
    package var isDirectory = false
    package var owner: UInt32 = 0
    package var group: UInt32 = 0
    /// As in chmod(2), with the sticky bit.
    package var permissions: UInt32 = 0
    package var device: UInt64 = 0
    package var access: AccessList?
    /// What files that are made here begin with, whatever the umask.
    package var initialAccess: AccessList?

    package init(path: FilePath) {
      self.path = path
    }

    fileprivate init(_ path: FilePath) {
      self.init(path: path)
      var status = stat()
      do throws(Errno) {
        try checked { path.withPlatformString { lstat($0, &status) } }
      } catch {
        problem = error
        return
      }
      isDirectory = status.st_mode & S_IFMT == S_IFDIR
      (owner, group, permissions, device) = (status.st_uid, status.st_gid, status.st_mode & 0o7777, UInt64(status.st_dev))
      (access, initialAccess) = (AccessList(.access, of: path), AccessList(.initial, of: path))
    }
  }
}
