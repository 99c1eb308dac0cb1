import ControlProtocol
import Glibc
import Synchronization
package import SystemPackage
import Systemd

/// What clients reach the daemon for.
package enum SocketPurpose: Hashable, Sendable {
  /// Questions and commands, over HTTP.
  case control
  /// Action files, a packet each.
  case submissions

  /// The configuration key of the path.
  var key: String {
    switch self {
    case .control: "control.socket"
    case .submissions: "spool.socket"
    }
  }

  /// What people call it.
  var name: String {
    switch self {
    case .control: "control socket"
    case .submissions: "submission socket"
    }
  }

  var type: CInt {
    switch self {
    case .control: CInt(SOCK_STREAM.rawValue)
    case .submissions: CInt(SOCK_SEQPACKET.rawValue)
    }
  }

  /// The `FileDescriptorName=` of its socket unit.
  fileprivate var unitName: String {
    switch self {
    case .control: "control"
    case .submissions: "submit"
    }
  }

  /// What makes such a socket in its unit: systemd.socket(5).
  fileprivate var unitSetting: String {
    switch self {
    case .control: "ListenStream"
    case .submissions: "ListenSequentialPacket"
    }
  }
}

/// A listening socket that clients reach the daemon at: one that systemd has passed, or one that was made here.
///
/// It outlives the server that answers on it, so that clients find it while a damaged queue is made anew.
package final class DaemonSocket: Sendable {
  /// nil for one that was passed, and is left where it is.
  package let path: FilePath?
  /// What does not hinder, but somebody should know.
  package let warning: String?
  private let descriptor: CInt
  /// nil for one that was passed.
  private let file: SocketFile?
  private let isOpen = Mutex(true)

  /// Pending connections; more than that are refused by the kernel.
  private static let backlog: CInt = 64

  private init(_ descriptor: CInt, path: FilePath?, file: SocketFile? = nil, warning: String? = nil) {
    (self.descriptor, self.path, self.file, self.warning) = (descriptor, path, file, warning)
  }

  deinit { close() }

  /// The sockets that systemd has passed under the name `control` or `submit`, and warnings: when they are not as the configuration has it,
  /// which they do not follow, and when there are others under that name, where nobody can be served.
  ///
  /// There may be several, as an administrator may add places to a unit. Their places, modes and groups are the unit's.
  package static func passed(
    for purpose: SocketPurpose, at path: FilePath, group: String?
  ) -> (sockets: [DaemonSocket], warnings: [String]) {
    let passed = PassedSocket.all.filter { $0.name == purpose.unitName }
    let served = passed.filter { $0.isUnixListener(purpose.type) && $0.path != nil }
    let places = served.compactMap { $0.path.map { FilePath($0) } }
    var warnings: [String] = []
    if served.count < passed.count {
      let others = "\(passed.count - served.count) of the sockets that systemd has passed as \(purpose.unitName)"
      warnings.append("nobody answers on \(others): a \(purpose.name) is a path (\(purpose.unitSetting)=/…)")
    }
    if !places.isEmpty, !places.contains(path) {
      let found = places.map(\.string).joined(separator: ", ")
      warnings.append(
        "\(purpose.key) is \(path), but systemd makes the \(purpose.name) at \(found): \(purpose.unitSetting)= of its unit decides")
    }
    for place in places where !place.belongs(to: group) {
      let name = group ?? "null"
      warnings.append("control.group is \(name), but systemd makes \(place) for another group: SocketGroup= of its unit decides")
    }
    return (served.map { DaemonSocket($0.descriptor, path: nil) }, warnings)
  }

  /// Makes a socket at `path`, for the daemon's user and the group, mode 0660, and the directory that it is to stand in, mode 0755.
  ///
  /// To be called by the one daemon that holds the lock of its state directory. A socket that nobody listens on any more is replaced;
  /// what is no socket is left alone. It takes its place only when it is complete, so that clients find the old or the new one, and
  /// is never open to more than in the end. Throws `DaemonSocketError`.
  package static func make(
    at path: FilePath, for purpose: SocketPurpose = .control, group: String?
  ) throws(DaemonSocketError) -> DaemonSocket {
    do throws(DaemonSocketError.Problem) {
      return try bind(at: path, for: purpose, group: group)
    } catch {
      throw DaemonSocketError(error, at: path, for: purpose)
    }
  }

  private static func bind(
    at path: FilePath, for purpose: SocketPurpose, group: String?
  ) throws(DaemonSocketError.Problem) -> DaemonSocket {
    guard path.string.utf8.count <= ControlPath.longestSocketPath else { throw .tooLong }
    try path.removingLastComponent().makeDirectory()
    try path.requireFree(for: purpose)
    let (descriptor, provisional) = try bind(beside: path, for: purpose)
    let file = SocketFile(at: provisional)
    do throws(DaemonSocketError.Problem) {
      let warning = provisional.give(to: group, as: purpose.name)
      let hasMode = provisional.withPlatformString { fchmodat(AT_FDCWD, $0, 0o660, AT_SYMLINK_NOFOLLOW) } == 0
      guard hasMode else { throw .unusable(doing: "set the mode of", path, Errno(rawValue: errno)) }
      guard listen(descriptor, backlog) == 0 else { throw .unusable(doing: "listen on", path, Errno(rawValue: errno)) }
      let isInPlace = provisional.withPlatformString { old in path.withPlatformString { rename(old, $0) } } == 0
      guard isInPlace else { throw .unusable(doing: "put in place", path, Errno(rawValue: errno)) }
      return DaemonSocket(descriptor, path: path, file: file, warning: warning)
    } catch {
      file?.remove(at: provisional)
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Another descriptor of the socket, for a server to own.
  package func duplicate() throws -> CInt {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw Errno(rawValue: errno) }
    return copy
  }

  /// Takes the socket away, where it was made here, and closes it.
  package func close() {
    let wasOpen = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    guard wasOpen else { return }
    // Nobody but the holder of the state directory's lock makes one there; what else is there by now is not ours.
    if let path { file?.remove(at: path) }
    Glibc.close(descriptor)
  }

  private static func bind(
    beside path: FilePath, for purpose: SocketPurpose
  ) throws(DaemonSocketError.Problem) -> (CInt, FilePath) {
    let provisional = path.removingLastComponent().appending(".\(getpid())")
    guard sockaddr_un(path) != nil, var address = sockaddr_un(provisional) else { throw .tooLong }
    let descriptor = socket(AF_UNIX, purpose.type | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unusable(doing: "make", path, Errno(rawValue: errno)) }
    // Left by a daemon that was killed amid this, and whose number came round again.
    SocketFile(at: provisional)?.remove(at: provisional)
    // Until it listens nobody can connect, whatever its mode.
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, length) } == 0
    }
    guard isBound else {
      let code = errno
      Glibc.close(descriptor)
      throw .unusable(doing: "make", path, Errno(rawValue: code))
    }
    return (descriptor, provisional)
  }
}
