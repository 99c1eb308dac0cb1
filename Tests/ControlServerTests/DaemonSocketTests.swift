import ControlServer
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("The socket's place", .timeLimit(.minutes(5)))
struct DaemonSocketTests {
  @Test("It is for its owner and group, and gone when it is closed")
  func modes() throws {
    let directory = try TemporaryDirectory.ofAll()
    let socket = try DaemonSocket.make(at: directory.socket, group: nil)
    #expect(mode(of: directory.socket) == S_IFSOCK | 0o660)
    #expect(socket.warning == nil)
    _ = try RawClient(directory.socket)
    socket.close()
    #expect(mode(of: directory.socket) == nil)
  }

  @Test("The directory that it is to stand in is made, for others to pass through")
  func directory() throws {
    let directory = try TemporaryDirectory.ofAll()
    let parent = directory.path.appending("progress-sync")
    let socket = try DaemonSocket.make(at: parent.appending("control.sock"), group: nil)
    #expect(mode(of: parent) == S_IFDIR | 0o755)
    #expect(mode(of: parent.appending("control.sock")) == S_IFSOCK | 0o660)
    socket.close()
    #expect(parent.withPlatformString { rmdir($0) } == 0)
  }

  @Test("A group that does not exist is a warning, and the socket is there")
  func unknownGroup() throws {
    let directory = try TemporaryDirectory.ofAll()
    let socket = try DaemonSocket.make(at: directory.socket, group: "no-such-group")
    #expect(socket.warning?.contains("there is no group no-such-group") == true)
    #expect(mode(of: directory.socket) == S_IFSOCK | 0o660)
  }

  @Test("A socket that nobody listens on any more is replaced")
  func stale() async throws {
    let directory = try TemporaryDirectory.ofAll()
    // Killed, a daemon leaves its socket behind.
    _ = try await shell("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"\(directory.socket)\")'")
    #expect(mode(of: directory.socket) != nil)
    let socket = try DaemonSocket.make(at: directory.socket, group: nil)
    _ = try RawClient(directory.socket)
    socket.close()
  }

  @Test("A socket that somebody answers on stays theirs, and the process is named")
  func inUse() throws {
    let directory = try TemporaryDirectory.ofAll()
    let first = try DaemonSocket.make(at: directory.socket, group: nil)
    #expect(throws: DaemonSocketError(.inUse(process: getpid()), at: directory.socket, for: .control)) {
      try DaemonSocket.make(at: directory.socket, group: nil)
    }
    _ = try RawClient(directory.socket)
    first.close()
  }

  @Test("What is no socket is left alone")
  func otherFile() throws {
    let directory = try TemporaryDirectory.ofAll()
    let file = directory.path.appending("file")
    try FileDescriptor.open(file, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
    #expect(throws: DaemonSocketError(.notASocket, at: file, for: .control)) { try DaemonSocket.make(at: file, group: nil) }
    #expect(mode(of: file) == S_IFREG | 0o600)
  }

  @Test("What is no socket is left alone also where the socket is made before it takes its place")
  func otherProvisionalFile() throws {
    let directory = try TemporaryDirectory.ofAll()
    let (file, target) = (directory.path.appending(".\(getpid())"), directory.path.appending("target"))
    try FileDescriptor.open(target, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
    #expect(file.withPlatformString { name in target.withPlatformString { symlink($0, name) } } == 0)
    #expect(throws: DaemonSocketError.self) { try DaemonSocket.make(at: directory.socket, group: nil) }
    #expect(mode(of: file).map { $0 & S_IFMT } == S_IFLNK)
    #expect(mode(of: target) == S_IFREG | 0o600)
  }

  @Test("A socket that a killed daemon of the same number has left amid this is replaced")
  func leftProvisionalSocket() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let file = directory.path.appending(".\(getpid())")
    _ = try await shell("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"\(file)\")'")
    let socket = try DaemonSocket.make(at: directory.socket, group: nil)
    #expect(mode(of: file) == nil)
    socket.close()
  }

  @Test("Closed, it takes nothing away that has come into its place")
  func replaced() throws {
    let directory = try TemporaryDirectory.ofAll()
    let first = try DaemonSocket.make(at: directory.socket, group: nil)
    #expect(directory.socket.withPlatformString { unlink($0) } == 0)
    let second = try DaemonSocket.make(at: directory.socket, group: nil)
    first.close()
    #expect(mode(of: directory.socket) == S_IFSOCK | 0o660)
    second.close()
    #expect(mode(of: directory.socket) == nil)
  }

  @Test(
    "A path that is too long, or leads nowhere, is said in one line",
    arguments: [
      ("/tmp/" + String(repeating: "x", count: 99), "too long"),
      ("/nowhere/here/control.sock", "cannot make the directory /nowhere/here: No such file or directory"),
      ("/dev/null/control.sock", "/dev/null/control.sock: Not a directory"),
    ])
  func unusable(path: String, words: String) {
    let error = #expect(throws: DaemonSocketError.self) { try DaemonSocket.make(at: FilePath(path), group: nil) }
    let line = error?.description ?? ""
    #expect(line.contains(words) && !line.contains("\n"))
  }

  private func mode(of path: FilePath) -> mode_t? {
    var status = stat()
    return path.withPlatformString { lstat($0, &status) } == 0 ? status.st_mode : nil
  }
}
