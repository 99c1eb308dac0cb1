import CSpool
import Glibc
import SystemPackage

/// An open directory. Everything in it is reached by its descriptor, so that nobody can put another directory in between.
struct Directory: ~Copyable {
  let path: FilePath
  private let descriptor: Descriptor
  private let identity: FileStatus

  /// Opens `path`, which must not be a symbolic link.
  ///
  /// `listable` is false for clients that may only add to the directory; such a handle cannot be listed or synced.
  init(_ path: FilePath, listable: Bool = true) throws(Errno) {
    let access = listable ? O_RDONLY : cspool_o_path
    let descriptor = try Descriptor { path.withPlatformString { Glibc.open($0, access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) } }
    identity = try descriptor.status()
    self.descriptor = descriptor
    self.path = path
  }

  /// What stat said when the directory was opened.
  var status: FileStatus { identity }

  /// What stat says of it now.
  func currentStatus() throws(Errno) -> FileStatus { try descriptor.status() }

  /// Whether the path no longer leads to this directory.
  var isReplaced: Bool {
    var buffer = stat()
    let found = path.withPlatformString { fstatat(AT_FDCWD, $0, &buffer, AT_SYMLINK_NOFOLLOW) }
    return found != 0 || !FileStatus(buffer).isSameFile(as: identity)
  }

  /// Takes an exclusive lock; throws `wouldBlock` when another open directory has it.
  func lock() throws(Errno) {
    let number = descriptor.number
    try checked { flock(number, LOCK_EX | LOCK_NB) }
  }

  /// Makes the names in the directory durable.
  func sync() throws(Errno) { try descriptor.sync() }

  /// Makes everything on the directory's file system durable: one call for many files.
  func syncFileSystem() throws(Errno) {
    let number = descriptor.number
    try checked { cspool_syncfs(number) }
  }

  /// The names of all entries, in the directory's own order.
  func names() throws(Errno) -> [SpoolName] {
    var names: [SpoolName] = []
    try forEachName { name in
      names.append(name)
      return true
    }
    return names
  }

  /// Gives the name of each entry to `body`, in the directory's own order, until that returns false.
  func forEachName(_ body: (SpoolName) -> Bool) throws(Errno) {
    let number = descriptor.number
    // A descriptor of its own, as the position of a listing belongs to the open directory.
    let listing = try checked { openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(listing) else {
      let code = Errno(rawValue: errno)
      close(listing)
      throw code
    }
    defer { closedir(stream) }
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset).assumingMemoryBound(to: UInt8.self)
      let bytes = [UInt8](UnsafeBufferPointer(start: name, count: strlen(UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))))
      if bytes != [0x2e] && bytes != [0x2e, 0x2e], !body(SpoolName(bytes: bytes)) { return }
    }
    guard errno == 0 else { throw Errno(rawValue: errno) }
  }

  /// An entry is shorter in memory than its C type says, so that its name must be read in place.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19

  /// What stat says of an entry itself, not of what a link points to.
  func status(of name: SpoolName) throws(Errno) -> FileStatus {
    let number = descriptor.number
    var buffer = stat()
    try checked { name.withCString { fstatat(number, $0, &buffer, AT_SYMLINK_NOFOLLOW) } }
    return FileStatus(buffer)
  }

  /// Whether there is an entry of that name.
  func holds(_ name: SpoolName) throws(Errno) -> Bool {
    do {
      _ = try status(of: name)
      return true
    } catch .noSuchFileOrDirectory {
      return false
    }
  }

  /// Whether this process may add and remove entries.
  var isWritable: Bool { faccessat(descriptor.number, ".", W_OK | X_OK, AT_EACCESS) == 0 }

  /// Opens an entry for reading without following a link, without waiting for a lease or for the other end of a pipe.
  func open(_ name: SpoolName) throws(Errno) -> Descriptor {
    let number = descriptor.number
    return try Descriptor {
      name.withCString { cspool_open_beneath(number, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
    }
  }

  /// Creates a file that did not exist, writable by its owner and readable by its group whatever the umask.
  func create(_ name: SpoolName) throws(Errno) -> Descriptor {
    let number = descriptor.number
    let file = try Descriptor {
      name.withCString { openat(number, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o640)) }
    }
    let created = file.number
    try checked { fchmod(created, 0o640) }
    return file
  }

  func remove(_ name: SpoolName) throws(Errno) {
    let number = descriptor.number
    try checked { name.withCString { unlinkat(number, $0, 0) } }
  }

  /// Renames an entry, never over another one: `EEXIST` then.
  func move(_ name: SpoolName, to other: borrowing Directory, as newName: SpoolName) throws(Errno) {
    let (from, to) = (descriptor.number, other.descriptor.number)
    do {
      try checked { name.withCString { old in newName.withCString { cspool_rename_noreplace(from, old, to, $0) } } }
    } catch .invalidArgument {
      // A file system without RENAME_NOREPLACE (NFS): the check and the rename are then two steps, which is exact wherever only
      // one process adds names.
      guard try !other.holds(newName) else { throw .fileExists }
      try checked { name.withCString { old in newName.withCString { renameat(from, old, to, $0) } } }
    }
  }
}
