import AsyncHTTPClient
import ControlProtocol
import FoundationEssentials
import NIOCore
import NIOHTTP1
import ProgressModel

/// The control socket's other end: each question is one HTTP exchange.
///
/// Nothing of the environment applies, no proxy above all. All methods throw `ControlError`, and `CancellationError`.
package struct SocketClient: Sendable {
  /// The socket's path.
  package let path: String
  /// For answers that come at once.
  private let prompt: HTTPClient
  /// For streams that may be silent for as long as nothing happens.
  private let patient: HTTPClient

  let timeouts: Timeouts
  /// In bytes; no answer that is read whole comes near it.
  static let longestAnswer = 16 << 20
  /// Before the next daemon is asked.
  static let pause = Duration.milliseconds(100)

  /// How long is waited for what.
  package struct Timeouts: Hashable, Sendable {
    package var connect = Duration.seconds(2)
    /// For a whole answer. Of one that is a stream of lines, for each part.
    package var answer = Duration.seconds(10)
    /// For a command that is no matter of how much is in the queue.
    package var command = Duration.seconds(60)
    /// For one that may be about all of the queue, as whoever gave up on it would not know what came of it. What a clear may take: 45 s in
    /// which the daemon waits for the spool (`CommandUnderWay.longestWait`), and then some 80 s for each million entries on a slow machine.
    package var change = Duration.seconds(600)

    package init() {}
  }

  /// Lends a client of the socket at `path`, and closes its connections afterwards. Nothing is connected before the first question.
  package static func with<Answer>(
    path: String, timeouts: Timeouts = Timeouts(), _ body: (SocketClient) async throws -> Answer
  ) async throws -> Answer {
    let client = SocketClient(path: path, timeouts: timeouts)
    do {
      let answer = try await body(client)
      await client.shutdown()
      return answer
    } catch {
      await client.shutdown()
      throw error
    }
  }

  private init(path: String, timeouts: Timeouts) {
    (self.path, self.timeouts) = (path, timeouts)
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = TimeAmount(timeouts.connect)
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    patient = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    configuration.timeout.read = TimeAmount(timeouts.answer)
    prompt = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }

  private func shutdown() async {
    // It fails only when it is shut down already.
    try? await prompt.shutdown()
    try? await patient.shutdown()
  }

  /// The whole answer to a GET, which the daemon may keep back for `patience`.
  func get(_ path: String, _ query: [(name: String, value: String)] = [], patience: Duration = .zero) async throws -> [UInt8] {
    try await whole(request(path, query), within: timeouts.answer + patience)
  }

  /// The whole answer to a POST of JSON.
  func post(_ json: String, to path: String, within limit: Duration) async throws -> [UInt8] {
    var request = request(path, [])
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(string: json))
    return try await whole(request, within: limit)
  }

  /// An answer whose lines are read as they come. `endless`: silence is no fault of it.
  func lines<Line>(_ path: String, _ query: [(name: String, value: String)], endless: Bool = false) async throws -> JSONLines<Line> {
    let response = try await response(to: request(path, query), by: endless ? patient : prompt, within: timeouts.answer)
    return JSONLines(body: response.body, failure: SocketFailure(path: self.path, limit: timeouts.answer))
  }

  private func whole(_ request: HTTPClientRequest, within limit: Duration) async throws -> [UInt8] {
    let http = limit > timeouts.answer ? patient : prompt
    return try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask {
        do {
          let body = try await response(to: request, by: http, within: limit).body.collect(upTo: Self.longestAnswer)
          return Array(body.readableBytesView)
        } catch {
          throw SocketFailure(path: path, limit: limit).reason(for: error)
        }
      }
      group.addTask {
        // The deadline of a request ends with the head of the answer, so this bounds the rest.
        try await Task.sleep(for: limit, clock: .continuous)
        throw ControlError.noAnswer(within: limit)
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
  }

  /// An answer that is no refusal, with its body still to be read. A daemon that is ending has done nothing, so the next one is asked.
  private func response(to request: HTTPClientRequest, by http: HTTPClient, within limit: Duration) async throws -> HTTPClientResponse {
    let deadline = ContinuousClock.now + limit
    while true {
      do {
        return try await attempt(request, by: http, within: limit)
      } catch ControlError.refused(let refusal) where refusal.kind == .ending && .now + Self.pause < deadline {
        try await Task.sleep(for: Self.pause, clock: .continuous)
      }
    }
  }

  private func attempt(_ request: HTTPClientRequest, by http: HTTPClient, within limit: Duration) async throws -> HTTPClientResponse {
    guard path.utf8.count <= ControlPath.longestSocketPath else { throw ControlError.socketPathTooLong(path) }
    do {
      let response = try await http.execute(request, timeout: TimeAmount(limit))
      guard response.status != .ok else { return response }
      let body = try await response.body.collect(upTo: 65_536)
      throw ControlError(status: response.status, body: body, of: request)
    } catch {
      throw SocketFailure(path: path, limit: limit).reason(for: error)
    }
  }

  private func request(_ path: String, _ query: [(name: String, value: String)]) -> HTTPClientRequest {
    let query = query.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }.joined(separator: "&")
    var request = HTTPClientRequest(url: "http+unix://\(self.path.percentEncoded)\(path)\(query.isEmpty ? "" : "?" + query)")
    // RFC 9112, section 3.2: a request without it is malformed, and the library knows none for a socket.
    request.headers.add(name: "Host", value: "localhost")
    return request
  }
}

extension ControlError {
  fileprivate init(status: HTTPResponseStatus, body: ByteBuffer, of request: HTTPClientRequest) {
    if let refusal = try? ControlCoding.value(ControlRefusal.self, from: body.readableBytesView) {
      self = .refused(refusal)
    } else {
      self = .unexpected("status \(status.code); it may be of another version than this program")
    }
  }
}

extension String {
  /// With all but RFC 3986's unreserved characters escaped.
  var percentEncoded: String {
    var text = ""
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}
