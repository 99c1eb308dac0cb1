import Glibc
import SystemPackage

/// The three directories of a spool, open.
///
/// All lie on one file system, since a claim and a rejection are renames.
struct SpoolDirectories: ~Copyable {
  let incoming: Directory
  let claimed: Directory
  let rejected: Directory

  /// Opens the directories below `root`. Those that are missing are made, for this user alone, when `root` is this user's.
  init(root: FilePath) throws(SpoolError) {
    try Self.makeDirectory(root)
    let incoming = try Self.openDirectory(root, "incoming")
    let claimed = try Self.openDirectory(root, "claimed")
    let rejected = try Self.openDirectory(root, "rejected")
    try Self.checkPrivate(claimed)
    try Self.checkPrivate(rejected)
    self.incoming = incoming
    self.claimed = claimed
    self.rejected = rejected
  }

  /// Whether a directory was removed, or another one put in its place.
  var isReplaced: Bool { incoming.isReplaced || claimed.isReplaced || rejected.isReplaced }

  /// Takes the lock on `claimed/`; the kernel lets go of it when the directory is closed, however that comes about (flock(2)).
  func lock() throws(SpoolError) {
    do throws(Errno) {
      try claimed.lock()
    } catch .wouldBlock {
      throw .layout(path: claimed.path, problem: "is in use by another progress-syncd", advice: "stop it, or set another spool.directory")
    } catch {
      throw .system(doing: "lock", path: claimed.path, code: error)
    }
  }

  /// Why no entry at all can be claimed, when a claim was refused; nil when that was about the one entry.
  func obstacle(behind refusal: Errno) -> SpoolError? {
    guard refusal == .permissionDenied || refusal == .notPermitted else { return nil }
    // A directory is changed under an open daemon by hand only, and it is the daemon's own that goes unnoticed: nobody else uses it.
    guard claimed.isWritable else { return .notOurs(claimed.path, "cannot be written to by the daemon: \(refusal)") }
    return incoming.isWritable ? nil : .system(doing: "claim from", path: incoming.path, code: refusal)
  }

  private static func openDirectory(_ root: FilePath, _ name: FilePath.Component) throws(SpoolError) -> Directory {
    let path = root.appending(name)
    do throws(Errno) {
      var owner = stat()
      try checked { root.withPlatformString { stat($0, &owner) } }
      // What cannot be made is missed right below, or was there already.
      if owner.st_uid == geteuid() { try? makeDirectory(path) }
      return try Directory(path)
    } catch .noSuchFileOrDirectory {
      throw .layout(path: path, problem: "is missing", advice: "make it for user \(geteuid()), or run systemd-tmpfiles --create")
    } catch {
      throw .system(doing: "open", path: path, code: error)
    }
  }

  private static func makeDirectory(_ path: FilePath) throws(SpoolError) {
    do throws(Errno) {
      try checked { path.withPlatformString { mkdir($0, 0o700) } }
    } catch .fileExists {
    } catch {
      // It may stand on a file system, or in a directory, where nothing can be made, and be there all the same.
      guard path.withPlatformString({ access($0, F_OK) }) != 0 else { return }
      throw .system(doing: "make", path: path, code: error)
    }
  }

  /// What others could write to would not be a claim.
  private static func checkPrivate(_ directory: borrowing Directory) throws(SpoolError) {
    let status = directory.status
    guard status.owner == geteuid(), status.permissions & 0o022 == 0 else {
      throw .notOurs(directory.path, "must belong to the daemon alone")
    }
  }
}

extension SpoolError {
  /// A directory that is to be the daemon's own.
  static func notOurs(_ path: FilePath, _ problem: String) -> SpoolError {
    .layout(path: path, problem: problem, advice: "chown it to user \(geteuid()) and chmod it 0700")
  }
}
