import Hummingbird
import HummingbirdTesting
import Logging
import ProgressModel
import ProgressServer
import SQLiteProgressStore
import TestSupport
import Testing

/// The server on a fresh SQLite file; its clock stands still at 2026-01-28T15:30:00Z.
struct TestServer {
  let application: any ApplicationProtocol

  init(directory: String) throws {
    let store = try SQLiteProgressStore(path: directory + "/progress.sqlite")
    let now = try #require(Timestamp(rfc3339: "2026-01-28T15:30:00Z"))
    let server = ProgressServer(store: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { now }
    application = server.application(on: try ListenAddress(host: "127.0.0.1", port: 0))
  }
}

/// Runs a test against a server whose program `p1` has the sessions 1-1, 1-2 and 2-1.
func withServer(_ setup: TestingSetup = .router, _ test: @Sendable (any TestClientProtocol) async throws -> Void) async throws {
  try await withTemporaryDirectory { directory in
    try await TestServer(directory: directory).application.test(setup) { client in
      let answer = try await client.send("PUT", "/api/programs/p1", samplePlan)
      try #require(answer.status == 201)
      try await test(client)
    }
  }
}

let samplePlan = """
  {"title": "Base", "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}, {"dayNumber": 2}]}, {"weekNumber": 2, "sessions": [{"dayNumber": 1}]}]}
  """

/// An answer as the tests compare it.
struct Answer: Equatable, CustomStringConvertible {
  let status: Int
  let body: String

  var description: String { "\(status) \(body)" }

  /// The `detail` of an error that is one text, or the problems of a 422 as `type loc: msg (input)`.
  var problems: [String] {
    guard case .object(let members)? = try? JSONValue(parsing: Array(body.utf8)), case .array(let problems)? = members["detail"] else {
      return ["\(status) \(body)"]
    }
    return problems.compactMap { problem in
      guard case .object(let fields) = problem, case .array(let place)? = fields["loc"] else { return nil }
      let path = place.map { $0.string ?? $0.serialized }.joined(separator: ".")
      return "\(fields["type"]?.string ?? "?") \(path): \(fields["msg"]?.string ?? "?") (\(fields["input"]?.serialized ?? "?"))"
    }
  }
}

func expect(_ answer: Answer, _ status: Int, _ body: String, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(answer == Answer(status: status, body: body), sourceLocation: sourceLocation)
}

extension TestClientProtocol {
  func send(_ method: String, _ path: String, bytes: [UInt8]) async throws -> Answer {
    let method = try #require(HTTPRequest.Method(method))
    let body = bytes.isEmpty ? nil : ByteBuffer(bytes: bytes)
    let response = try await executeRequest(uri: path, method: method, headers: [:], body: body)
    return Answer(status: response.status.code, body: String(buffer: response.body))
  }

  func send(_ method: String, _ path: String, _ body: String = "") async throws -> Answer {
    try await send(method, path, bytes: Array(body.utf8))
  }

  /// Posts to a call of the program `p1`.
  func post(_ call: String, _ body: String) async throws -> Answer {
    try await send("POST", "/api/progress/p1/\(call)", body)
  }
}
