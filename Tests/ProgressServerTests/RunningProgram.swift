import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage
import Testing

typealias ProgramExecution = Execution<NoInput, DiscardedOutput, SequenceOutput>

/// `progress-api serve` as a process of its own, listening.
struct RunningProgram: Sendable {
  let execution: ProgramExecution
  let port: Int
  /// What it said before it listened.
  let greeting: [String]
  let client: HTTPClient

  /// The built program, which stands beside the test runner.
  static var executable: Executable {
    get throws {
      let runner = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      return .path(FilePath(runner.deletingLastPathComponent().appending(path: "progress-api").path))
    }
  }

  func send(_ method: String, _ path: String, _ body: String = "") async throws -> Answer {
    try await send(method, path, body: body.isEmpty ? nil : .bytes(ByteBuffer(string: body)))
  }

  /// Sends that many spaces without saying beforehand how many.
  func send(_ method: String, _ path: String, spaces: Int) async throws -> Answer {
    try await send(method, path, body: .bytes(Array(repeating: 0x20, count: spaces), length: .unknown))
  }

  private func send(_ method: String, _ path: String, body: HTTPClientRequest.Body?) async throws -> Answer {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    request.method = .RAW(value: method)
    request.body = body
    let response = try await client.execute(request, timeout: .seconds(120))
    return Answer(status: Int(response.status.code), body: String(buffer: try await response.body.collect(upTo: 1 << 20)))
  }
}

/// How a program ended.
struct Ending<Value: Sendable>: Sendable {
  let value: Value
  let status: TerminationStatus
  /// What it said on standard error after it listened.
  let lastWords: [String]
}

/// Starts the program on a free port and on `progress.sqlite` in the directory, and waits for its end, which the test brings about.
@discardableResult
func withProgram<Value: Sendable>(
  in directory: String, _ test: (RunningProgram) async throws -> Value
) async throws -> Ending<Value> {
  var configuration = HTTPClient.Configuration()
  configuration.connectionPool.retryConnectionEstablishment = false
  return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
    let result = try await run(
      RunningProgram.executable, arguments: ["serve", "--port", "0"], workingDirectory: FilePath(directory), input: .none,
      output: .discarded, error: .sequence
    ) { execution in
      try await readingToTheEnd(execution) {
        try await test(RunningProgram(execution: execution, port: $0, greeting: $1, client: client))
      }
    }
    return Ending(value: result.closureResult.0, status: result.terminationStatus, lastWords: result.closureResult.1)
  }
}

/// Reads where the program listens, runs the test, and reads on to the end; a test that throws takes the program with it.
private func readingToTheEnd<Value: Sendable>(
  _ execution: ProgramExecution, _ test: (_ port: Int, _ greeting: [String]) async throws -> Value
) async throws -> (Value, [String]) {
  do {
    var lines = execution.standardError.strings().makeAsyncIterator()
    var greeting: [String] = []
    var port: Int?
    while port == nil, let line = try await lines.next() {
      port = line.wholeMatch(of: /progress-api listening on http:\/\/127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.1) }
      if port == nil { greeting.append(line) }
    }
    let value = try await test(#require(port, "\(greeting)"), greeting)
    var lastWords: [String] = []
    while let line = try await lines.next() { lastWords.append(line) }
    return (value, lastWords)
  } catch {
    try execution.send(signal: .kill)
    throw error
  }
}
