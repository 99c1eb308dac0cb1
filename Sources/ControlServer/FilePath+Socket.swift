import Glibc
import SystemPackage

extension sockaddr_un {
  /// nil when the path is too long: with the zero at its end it has 108 bytes, unix(7).
  init?(_ path: FilePath) {
    self.init()
    sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.string.utf8)
    let fits = withUnsafeMutableBytes(of: &sun_path) { place in
      guard bytes.count < place.count else { return false }
      place.copyBytes(from: bytes)
      return true
    }
    guard fits else { return nil }
  }
}

/// A socket of this user in the file system, to be told from whatever else may be in its place later.
struct SocketFile: Equatable {
  private let device: dev_t
  private let inode: ino_t

  /// nil when nothing is there, or no socket, or somebody else's.
  init?(at path: FilePath) {
    var status = Glibc.stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
      return nil
    }
    (device, inode) = (status.st_dev, status.st_ino)
  }

  /// Takes it away, when it is still this one.
  func remove(at path: FilePath) {
    guard SocketFile(at: path) == self else { return }
    _ = path.withPlatformString { unlink($0) }
  }
}

extension FilePath {
  /// Makes the directory, whose mode lets clients through; one that is there stays as it is, and those above it have to be there.
  func makeDirectory() throws(DaemonSocketError.Problem) {
    guard !isEmpty, withPlatformString({ mkdir($0, 0o755) }) != 0, errno != EEXIST else { return }
    throw .unusable(doing: "make the directory", self, Errno(rawValue: errno))
  }

  /// Throws unless nothing is here, or a socket that nobody listens on any more.
  func requireFree(for purpose: SocketPurpose) throws(DaemonSocketError.Problem) {
    var status = Glibc.stat()
    guard withPlatformString({ lstat($0, &status) }) == 0 else {
      guard errno == ENOENT else { throw .unusable(doing: "look at", self, Errno(rawValue: errno)) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
    guard var address = sockaddr_un(self) else { throw .tooLong }
    // Not waiting for a listener whose backlog is full: it is there.
    let probe = socket(AF_UNIX, purpose.type | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { throw .unusable(doing: "look at", self, Errno(rawValue: errno)) }
    defer { close(probe) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isAnswered = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(probe, $0, length) } == 0
    }
    switch isAnswered ? 0 : errno {
    case ECONNREFUSED, ENOENT: return
    case 0, EAGAIN: throw .inUse(process: PeerCredentials(of: probe)?.process)
    case let code: throw .unusable(doing: "look at", self, Errno(rawValue: code))
    }
  }

  /// Gives the file to a group; returns why it could not be, if so: then only the daemon's own user and group get in, and root.
  func give(to group: String?, as name: String) -> String? {
    guard let group else { return nil }
    guard let number = groupNumber(of: group) else {
      return "control.group: there is no group \(group): only root and the daemon's own user and group may use the \(name)"
    }
    // A set-group-id directory gives it what the daemon itself may not.
    if let status = try? stat(followTargetSymlink: false), status.groupID.rawValue == number { return nil }
    guard withPlatformString({ lchown($0, uid_t.max, number) }) != 0 else { return nil }
    let advice = "the daemon's user must be in it, as sysusers.d makes it"
    return "control.group: the \(name) cannot be given to the group \(group): \(Errno(rawValue: errno)); \(advice)"
  }

  /// Whether members of the group get in, or the daemon's own where there is none; also when that cannot be seen, as in a user name space,
  /// which has no numbers for most groups: user_namespaces(7).
  func belongs(to group: String?) -> Bool {
    guard let status = try? stat(followTargetSymlink: false), status.groupID.rawValue != 65_534 else { return true }
    return status.groupID.rawValue == group.map(groupNumber) ?? getegid()
  }
}

/// getgrnam_r(3); a number is one too.
private func groupNumber(of name: String) -> gid_t? {
  var entry = group()
  var found: UnsafeMutablePointer<group>?
  var buffer = [CChar](repeating: 0, count: 64 * 1024)
  guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return gid_t(name) }
  return entry.gr_gid
}
