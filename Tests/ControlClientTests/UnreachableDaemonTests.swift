import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import Testing

/// Real sockets, with nothing or the wrong thing behind them.
@Suite("A daemon that cannot be asked")
struct UnreachableDaemonTests {
  private let place: TemporaryState

  init() throws {
    place = try TemporaryState()
  }

  private func failure(at path: String) async throws -> ControlError? {
    try await SocketClient.with(path: path) { client in
      do {
        _ = try await client.status()
        return nil
      } catch let error as ControlError {
        return error
      }
    }
  }

  @Test("no socket, no directory, and something else in the socket's place are no daemon")
  func nothing() async throws {
    try Data().write(to: URL(filePath: place.directory.path + "/file"))
    for path in [place.socketPath, place.directory.path + "/none/control.sock", place.directory.path + "/file", "/dev/null/x"] {
      let failure = try await failure(at: path)
      #expect(failure == .noDaemon(socket: path))
    }
  }

  @Test("a socket that a dead daemon left behind is no daemon")
  func stale() async throws {
    _ = try ListeningSocket(at: place.socketPath)
    let failure = try await failure(at: place.socketPath)
    #expect(failure == .noDaemon(socket: place.socketPath))
  }

  @Test("a path that is too long for a socket is told before anything is tried")
  func tooLong() async throws {
    let path = "/tmp/" + String(repeating: "x", count: ControlPath.longestSocketPath)
    let failure = try await failure(at: path)
    #expect(failure == .socketPathTooLong(path))
    let longest = "/tmp/" + String(repeating: "y", count: ControlPath.longestSocketPath - 5)
    let next = try await self.failure(at: longest)
    #expect(next == .noDaemon(socket: longest))
  }

  @Test("a name with anything in it is found")
  func oddName() async throws {
    let path = place.directory.path + "/a%2F b?c#d:\u{e9}.sock"
    let socket = try ListeningSocket(at: path)
    try await socket.answering(Self.head + "Content-Length: 9\r\n\r\nnot JSON\n") {
      let failure = try await failure(at: path)
      #expect(failure == .unexpected("no StatusReport: not JSON\n"))
    }
  }

  private static let head = "HTTP/1.1 200 OK\r\n"

  @Test(
    "an answer that is not the daemon's is not understood, and one that breaks off is lost",
    arguments: [
      ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true), ("SSH-2.0-OpenSSH\r\n", false), ("", false),
      (head + "Content-Length: 100\r\n\r\n{", false), (head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"da", false),
      ("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", true),
    ])
  func nonsense(answer: String, isComplete: Bool) async throws {
    let socket = try ListeningSocket(at: place.socketPath)
    try await socket.answering(answer) {
      switch try await failure(at: place.socketPath) {
      case .unexpected?: #expect(isComplete)
      case .lost?: #expect(!isComplete)
      case let other: Issue.record("\(String(describing: other))")
      }
    }
  }

  @Test("a stream that breaks off is lost and not at its end")
  func brokenStream() async throws {
    let line = #"{"at":"2026-01-28T15:30:00Z","event":"held","text":"t"}"# + "\n"
    let chunk = String(line.utf8.count, radix: 16) + "\r\n\(line)\r\n"
    let socket = try ListeningSocket(at: place.socketPath)
    try await socket.answering(Self.head + "Transfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n" + chunk) {
      try await SocketClient.with(path: place.socketPath) { client in
        var events = try await client.events().makeAsyncIterator()
        let first = try await events.next()
        #expect(first?.kind == .held)
        await #expect(throws: ControlError.lost("it was closed")) { try await events.next() }
      }
    }
  }
}
