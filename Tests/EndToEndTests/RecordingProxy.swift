import AsyncHTTPClient
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// Stands between the daemon and the API, passes everything on, and remembers what passed.
final class RecordingProxy: Sendable {
  /// One request that the daemon made.
  struct Request: Sendable {
    let path: String
    let body: String
    let idempotencyKey: String?
    /// The bearer token that it carries.
    let token: String?
    /// How many had been answered when it came, and how many were under way then, itself included.
    let answeredBefore: Int
    let underWay: Int
  }

  private struct Record {
    var requests: [Request] = []
    var answered = 0
  }

  private let record = Mutex(Record())
  private let delay: Duration
  private let token: String?
  private let answer: @Sendable (Request) async throws -> Response?

  /// - Parameters:
  ///   - delay: How long each answer is held back.
  ///   - token: The one that requests must have, if any.
  ///   - answer: Answers in the API's place, or never; nil passes the request on.
  init(
    delay: Duration = .zero, token: String? = nil, answer: @escaping @Sendable (Request) async throws -> Response? = { _ in nil }
  ) {
    (self.delay, self.token, self.answer) = (delay, token, answer)
  }

  var requests: [Request] { record.withLock { $0.requests } }

  /// Serves while `body` runs, by default on a free port.
  func serve(to target: String, on port: Int = 0, _ body: (Int) async throws -> Void) async throws {
    let (ports, bound) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      responder: CallbackResponder { (request: Hummingbird.Request, _: BasicRequestContext) in
        try await cancelWhenGracefulShutdown { try await self.forward(request, to: target) }
      },
      configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { bound.yield($0.localAddress?.port ?? 0) },
      logger: Logger(label: "proxy") { _ in SwiftLogNoOpLogHandler() })
    let services = ServiceGroup(configuration: .init(services: [application], logger: application.logger))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await services.run() }
      let result: Result<Void, any Error>
      do {
        for await port in ports {
          try await body(port)
          break
        }
        result = .success(())
      } catch {
        result = .failure(error)
      }
      // A server that is cancelled while a client connects dies of the connection that nobody has taken over.
      await services.triggerGracefulShutdown()
      try await group.waitForAll()
      try result.get()
    }
  }

  private func forward(_ request: Hummingbird.Request, to target: String) async throws -> Response {
    let bytes = try await request.body.collect(upTo: 1 << 20)
    let key = request.headers[.init("Idempotency-Key") ?? .contentType]
    let arrival = record.withLock { record in
      let underWay = record.requests.count - record.answered + 1
      let arrival = Request(
        path: request.uri.path, body: String(buffer: bytes), idempotencyKey: key, token: request.bearerToken,
        answeredBefore: record.answered, underWay: underWay)
      record.requests.append(arrival)
      return arrival
    }
    defer { record.withLock { $0.answered += 1 } }
    if let token, arrival.token != token { return Response(status: .unauthorized) }
    if let response = try await answer(arrival) { return response }
    var forwarded = HTTPClientRequest(url: target + request.uri.string)
    forwarded.method = .RAW(value: request.method.rawValue)
    forwarded.headers.add(name: "Content-Type", value: "application/json")
    forwarded.body = .bytes(bytes)
    let answer = try await HTTPClient.shared.execute(forwarded, timeout: .seconds(120))
    let body = try await answer.body.collect(upTo: 1 << 20)
    try await Task.sleep(for: delay)
    return Response(
      status: .init(code: Int(answer.status.code)), headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
  }
}

extension Hummingbird.Request {
  fileprivate var bearerToken: String? {
    headers[.authorization].flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst("Bearer ".count)) : nil }
  }
}
