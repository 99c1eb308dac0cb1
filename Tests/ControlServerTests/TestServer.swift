import ControlServer
import Glibc
import Logging
import NIOPosix
import ServiceLifecycle
import SystemPackage
import TestSupport
import Testing

extension TemporaryDirectory {
  /// One that other users come into.
  static func ofAll() throws -> TemporaryDirectory { try TemporaryDirectory(permissions: 0o755) }

  var socket: FilePath { path.appending("control.sock") }
}

/// Runs a server of `port` on `socket` while `body` runs, and stops it gracefully.
///
/// - Parameter stopPatience: So long that what has to end by itself is not mistaken for what was cut off, unless a test wants the latter.
func serving(
  _ port: some ControlPort, on socket: DaemonSocket, stopPatience: Duration = .seconds(3_600), withDoorkeeper: Bool = false,
  _ body: @escaping @Sendable () async throws -> Void
) async throws {
  var limits = ConnectionLimits()
  (limits.stopPatience, limits.leavingPatience) = (stopPatience, stopPatience)
  // However long a test takes, it keeps the places that it has taken.
  limits.idleTimeout = .seconds(3_600)
  let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let server = ControlServer(on: socket, port: port, limits: limits, logger: quiet)
  let group = ServiceGroup(services: [server] + (withDoorkeeper ? [server.doorkeeper] : []), logger: quiet)
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    do {
      try await body()
    } catch {
      await group.triggerGracefulShutdown()
      throw error
    }
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
  }
}

/// A client that speaks bytes.
final class RawClient: Sendable {
  private let descriptor: CInt

  init(_ path: FilePath) throws {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) } == 0
    }
    guard isConnected else { throw Errno(rawValue: errno) }
    var patience = timeval(tv_sec: 50, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
  }

  /// Reads until `end` has come, or nothing more does; the test's own threads stay free for the server.
  func read(until end: String) async throws -> String {
    try await NIOThreadPool.singleton.runIfActive { self.readNow(until: end) }
  }

  private func readNow(until end: String) -> String {
    var text = ""
    while !text.contains(end) {
      let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
        count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
      }
      guard !bytes.isEmpty else { break }
      text += String(decoding: bytes, as: UTF8.self)
    }
    return text
  }
}

/// Runs a shell command and returns what it writes.
func shell(_ command: String) async throws -> String {
  try await NIOThreadPool.singleton.runIfActive { try run(command) }
}

private func run(_ command: String) throws -> String {
  guard let pipe = popen(command, "r") else { throw Errno(rawValue: errno) }
  defer { pclose(pipe) }
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer.prefix(count) }
  return String(decoding: output, as: UTF8.self)
}
