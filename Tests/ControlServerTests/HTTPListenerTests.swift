import Glibc
import Hummingbird
import Logging
import NIOPosix
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import ControlServer

@Suite("Clients that keep others out", .timeLimit(.minutes(5)))
struct HTTPListenerTests {
  private static let alice = Caller(uid: 1_001, daemon: 7)
  private static let bob = Caller(uid: 1_002, daemon: 7)
  private static let root = Caller(uid: 0, daemon: 7)

  @Test(
    "One that sends nothing, or not the whole of a request, is sent home in time",
    arguments: ["", "GET /", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"])
  func idle(words: String) async throws {
    var limits = ConnectionLimits(total: 1, reserved: 0, perUser: 1)
    limits.idleTimeout = .milliseconds(50)
    try await listening(limits) { door in
      let silent = try door.enter(Self.alice)
      silent.send(words)
      let end = try await silent.read(until: "never")
      #expect(!end.contains("HTTP/1.1 200"))
      // Its place is free again.
      try await eventually {
        let next = try door.enter(Self.bob)
        return try await next.ask().hasPrefix("HTTP/1.1 200")
      }
    }
  }

  @Test("One that waits for its answer for longer than that is not")
  func waiting() async throws {
    var limits = ConnectionLimits()
    limits.idleTimeout = .milliseconds(50)
    try await listening(limits, answerTime: .milliseconds(500)) { door in
      // On a machine under load a client may be silent for too long before it has asked.
      try await eventually { try await door.enter(Self.alice).ask().hasPrefix("HTTP/1.1 200") }
    }
  }

  @Test("Many of one user are turned away, and those of others are served all the while")
  func shares() async throws {
    try await listening(ConnectionLimits(total: 6, reserved: 1, perUser: 3)) { door in
      let crowd = try (1...3).map { _ in try door.enter(Self.alice) }
      for client in crowd { #expect(try await client.ask().hasPrefix("HTTP/1.1 200")) }
      let late = try await door.enter(Self.alice).read(until: "}\n")
      #expect(late.contains("the user 1001 has 3 connections open"))
      let others = try (1...2).map { _ in try door.enter(Self.bob) }
      for client in others { #expect(try await client.ask().hasPrefix("HTTP/1.1 200")) }
      let full = try await door.enter(Self.bob).read(until: "}\n")
      #expect(full.contains("5 connections are open"))
      #expect(try await door.enter(Self.root).ask().hasPrefix("HTTP/1.1 200"))
      for client in crowd + others { #expect(try await client.ask().hasPrefix("HTTP/1.1 200"), "nobody lost a place") }
    }
  }

  /// Where clients come in, each as whom the test says: the kernel would say that all are the user of the test.
  private struct Door: Sendable {
    let path: FilePath
    let next: NextCaller

    func enter(_ caller: Caller) throws -> RawClient {
      next.callers.withLock { $0.append(caller) }
      return try RawClient(path)
    }
  }

  /// Connections are accepted in the order in which they were made.
  private final class NextCaller: Sendable {
    let callers = Mutex<[Caller]>([])
  }

  private func listening(
    _ limits: ConnectionLimits, answerTime: Duration = .zero, _ body: @escaping @Sendable (Door) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory.ofAll()
    let socket = try DaemonSocket.make(at: directory.socket, group: nil)
    let door = Door(path: directory.socket, next: NextCaller())
    let listener = HTTPListener(
      limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      identify: { [next = door.next] channel in
        channel.eventLoop.makeCompletedFuture { try #require(next.callers.withLock { $0.isEmpty ? nil : $0.removeFirst() }) }
      },
      respond: { request, _, _ in
        _ = try await request.body.collect(upTo: 1_000)
        try await Task.sleep(for: answerTime)
        return Response(status: .ok, headers: [.contentLength: "2"], body: .init(byteBuffer: ByteBuffer(string: "ok")))
      })
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await listener.run { bootstrap in try await bootstrap.withBoundSocket(socket.duplicate()).get() } }
      defer { tasks.cancelAll() }
      try await body(door)
    }
  }
}

extension RawClient {
  fileprivate func ask() async throws -> String {
    send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return try await read(until: "ok")
  }
}
