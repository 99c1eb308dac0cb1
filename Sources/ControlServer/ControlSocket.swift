import ControlProtocol
import Glibc
import Synchronization
package import SystemPackage
import Systemd

/// The listening socket that clients reach the daemon at: one that systemd has passed, or one that was made here.
///
/// It outlives the server that answers on it, so that clients find it while a damaged queue is made anew.
package final class ControlSocket: Sendable {
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
  /// The name of the socket that a socket unit passes.
  private static let passedName = "control"

  private init(_ descriptor: CInt, path: FilePath?, file: SocketFile? = nil, warning: String? = nil) {
    (self.descriptor, self.path, self.file, self.warning) = (descriptor, path, file, warning)
  }

  deinit { close() }

  /// The socket that systemd has passed under the name `control`; nil when it has passed none.
  ///
  /// Its place, mode and group are those of its unit.
  package static func passed() -> ControlSocket? {
    PassedSocket(unixListenerNamed: passedName).map { ControlSocket($0.descriptor, path: nil) }
  }

  /// Makes a socket at `path`, for the daemon's user and the group, mode 0660, and the directory that it is to stand in, mode 0755.
  ///
  /// To be called by the one daemon that holds the lock of its state directory. A socket that nobody listens on any more is replaced;
  /// what is no socket is left alone. It takes its place only when it is complete, so that clients find the old or the new one, and
  /// is never open to more than in the end. Throws `ControlSocketError`.
  package static func make(at path: FilePath, group: String?) throws(ControlSocketError) -> ControlSocket {
    guard path.string.utf8.count <= ControlPath.longestSocketPath else { throw .tooLong(path) }
    try path.removingLastComponent().makeDirectory()
    try path.requireFree()
    let (descriptor, provisional) = try bind(beside: path)
    let file = SocketFile(at: provisional)
    do throws(ControlSocketError) {
      let warning = provisional.give(to: group)
      let hasMode = provisional.withPlatformString { fchmodat(AT_FDCWD, $0, 0o660, AT_SYMLINK_NOFOLLOW) } == 0
      guard hasMode else { throw .system(doing: "set the mode of", path, errno) }
      guard listen(descriptor, backlog) == 0 else { throw .system(doing: "listen on", path, errno) }
      let isInPlace = provisional.withPlatformString { old in path.withPlatformString { rename(old, $0) } } == 0
      guard isInPlace else { throw .system(doing: "put in place", path, errno) }
      return ControlSocket(descriptor, path: path, file: file, warning: warning)
    } catch {
      file?.remove(at: provisional)
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Another descriptor of the socket, for a server to own.
  func duplicate() throws -> CInt {
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

  private static func bind(beside path: FilePath) throws(ControlSocketError) -> (CInt, FilePath) {
    let provisional = path.removingLastComponent().appending(".\(getpid())")
    guard sockaddr_un(path) != nil, var address = sockaddr_un(provisional) else { throw .tooLong(path) }
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(doing: "make", path, errno) }
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
      throw .system(doing: "make", path, code)
    }
    return (descriptor, provisional)
  }
}
