import AsyncHTTPClient
import ControlProtocol
import ControlServer
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("What the socket answers", .timeLimit(.minutes(5)))
struct ControlServerTests {
  @Test("Each of the page's examples is answered as the page says")
  func documentedExamples() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    try await serving(SamplePort(), on: socket) {
      let examples = try await examplesOfPage()
      #expect(examples.count == 8)
      for example in examples {
        let command = example.command.replacing("/run/progress-sync/control.sock", with: path.string)
        let answer = try await shell(command)
        #expect(answer == example.answer, "\(example.command)")
      }
    }
  }

  @Test(
    "Rubbish is answered with what is wrong",
    arguments: [
      ("GET /v1/nope HTTP/1.1\r\n", "", "404", "there are GET /v1/status"),
      ("DELETE /v1/status HTTP/1.1\r\n", "", "405", "is asked with GET, not with DELETE"),
      ("BREW /v1/status HTTP/1.1\r\n", "", "400", ""),
      ("POST /v1/retry HTTP/1.1\r\n", "{", "400", "the body is not JSON: line 1"),
      ("POST /v1/retry HTTP/1.1\r\n", "[]", "400", "must be a JSON object"),
      ("POST /v1/retry HTTP/1.1\r\n", "{}", "400", "names nothing to retry"),
      ("POST /v1/retry HTTP/1.1\r\n", #"{"key":["a"]}"#, "400", "did you mean keys?"),
      ("POST /v1/retry HTTP/1.1\r\n", #"{"ids":["a"]}"#, "400", "ids[0] must be a whole number"),
      ("POST /v1/pause HTTP/1.1\r\n", #"{"for":"soon"}"#, "400", "must be a duration such as 30s"),
      ("POST /v1/pause HTTP/1.1\r\n", #"{"for":"87601h"}"#, "400", "must be at most 87600h"),
      ("POST /v1/pause HTTP/1.1\r\n", #"{"for":"99999999h"}"#, "400", "must be at most 87600h"),
      ("POST /v1/log-level HTTP/1.1\r\n", #"{"level":"debug","for":"99999999h"}"#, "400", "must be at most 87600h"),
      ("POST /v1/log-level HTTP/1.1\r\n", "", "400", "level is missing"),
      ("GET /v1/queue?state=late HTTP/1.1\r\n", "", "400", "state must be one of waiting, retrying"),
      ("GET /v1/queue?id=x HTTP/1.1\r\n", "", "400", "id must be the number of an entry"),
      ("GET /v1/actions/A1?until=tomorrow HTTP/1.1\r\n", "", "400", "until must be accepted or synced"),
      ("GET /v1/rejected/x HTTP/1.1\r\n", "", "404", "there is no x of yours"),
      ("POST /v1/retry HTTP/1.1\r\n", String(repeating: " ", count: 70_000), "413", "more than 65536 bytes"),
    ])
  func rubbish(line: String, body: String, status: String, words: String) async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    try await serving(SamplePort(), on: socket) {
      let client = try RawClient(path)
      client.send(line + "Host: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
      let answer = try await client.read(until: "\u{0}")
      #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
      #expect(answer.contains(words), "\(answer)")
    }
  }

  @Test(
    "What is not HTTP ends its connection, and no other", arguments: ["\u{0}\u{1}\u{2}\r\n\r\n", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"])
  func notHTTP(bytes: String) async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    try await serving(SamplePort(), on: socket) {
      let good = try RawClient(path)
      let bad = try RawClient(path)
      bad.send(bytes)
      let refusal = try await bad.read(until: "never")
      #expect(refusal.hasPrefix("HTTP/1.1 400"))
      good.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await good.read(until: "}\n")
      #expect(answer.hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("An HTTP client is answered over http+unix, and half-closing one too")
  func clients() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let port = SamplePort()
    try await serving(port, on: socket) {
      var request = HTTPClientRequest(url: "http+unix://\(path.string.replacing("/", with: "%2F"))/v1/pause")
      (request.method, request.body) = (.POST, .bytes(ByteBuffer(string: #"{"for":"2h"}"#)))
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
      #expect(response.status == .ok)
      let commands = port.commands.withLock { $0 }
      #expect(commands.map(\.0) == [.pause(for: "2h")])
      #expect(commands.map(\.1.uid) == [geteuid()])
      #expect(commands.map(\.1.process) == [getpid()])
      #expect(commands.map(\.1.isAdministrator) == [true])
    }
  }

  @Test("A caller is who the kernel says", .enabled(if: geteuid() == 0, "takes root, to be somebody else"))
  func otherUser() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    _ = path.withPlatformString { chmod($0, 0o666) }
    let port = SamplePort()
    try await serving(port, on: socket) {
      let curl = "setpriv --reuid 4242 --regid 4242 --clear-groups curl -sS --unix-socket \(path)"
      let refusal = try await shell("\(curl) -d '' http://x/v1/pause")
      #expect(refusal.contains("not_permitted"))
      #expect(port.commands.withLock { $0.map(\.1.uid) } == [4_242])
      #expect(port.commands.withLock { $0.allSatisfy { !$0.1.isAdministrator } })
      _ = path.withPlatformString { chmod($0, 0o660) }
      let failure = try await shell("\(curl) http://x/v1/status 2>&1")
      #expect(failure.contains("curl: (7)"))
    }
  }

  @Test("A long list comes whole, a page at a time and no faster than it is read")
  func longList() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let port = SamplePort(entryCount: 10_500)
    try await serving(port, on: socket) {
      let slow = try RawClient(path)
      slow.send("GET /v1/queue HTTP/1.1\r\nHost: x\r\n\r\n")
      let lines = try await shell("curl -sS --unix-socket \(path) http://x/v1/queue | wc -l")
      #expect(lines == "10500\n")
      #expect(port.pages.withLock { $0 } < 22)
    }
  }
}

/// The examples of `docs/CONTROL.md`: commands, and what they write.
private func examplesOfPage() async throws -> [(command: String, answer: String)] {
  let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/CONTROL.md"
  let text = try await shell("cat \(path)")
  let blocks = text.split(separator: "```", omittingEmptySubsequences: false).map(String.init)
  return zip(blocks, blocks.dropFirst(2)).compactMap { first, second in
    guard first.hasPrefix("sh\n"), second.hasPrefix("json\n") else { return nil }
    return (String(first.dropFirst(3)), String(second.dropFirst(5)))
  }
}
