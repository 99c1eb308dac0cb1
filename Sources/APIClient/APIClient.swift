import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
package import ProgressModel
package import SyncPolicy

/// The progress API at the other end of a network: one attempt, one outcome.
///
/// It never retries and never follows a redirect, so that a request is on the wire exactly as often as the queue counts.
/// Connections are kept and used again. `shutdown()` must be called before the last reference goes.
package final class APIClient: Sendable {
  private let settings: APIClientSettings
  /// Of every request, whoever's it is.
  private let headers: HTTPHeaders
  private let configuration: HTTPClient.Configuration
  private let http: HTTPClient

  /// - Parameter version: The program's version, for `User-Agent`.
  /// - Throws: `APIClientError` when a token would travel in clear text and may not, or the certificate authorities cannot be read.
  package init(_ settings: APIClientSettings, version: String) throws(APIClientError) {
    if settings.exposesToken, !settings.allowsClearTextToken { throw .tokenInClearText(settings.baseURL) }
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.tlsConfiguration = try .client(trusting: settings.certificateAuthorityFile)
    configuration.timeout.connect = TimeAmount(settings.requestTimeout)
    configuration.connectionPool.idleTimeout = TimeAmount(settings.idleTimeout)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.maximumConcurrentRequests
    configuration.connectionPool.retryConnectionEstablishment = false
    // One request per connection at a time: a connection that breaks fails one write, not all that share it.
    configuration.httpVersion = .http1Only
    (self.settings, self.configuration) = (settings, configuration)
    http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    headers = ["User-Agent": "progress-syncd/\(version)", "Accept": "application/json", "Content-Type": "application/json"]
  }

  /// One that does the same as another, which may be shut down, also where the certificate authorities cannot be read any more.
  package init(again other: APIClient) {
    (settings, configuration, headers) = (other.settings, other.configuration, other.headers)
    http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }

  /// Where it calls.
  package var baseURL: APIBaseURL { settings.baseURL }

  /// Closes all connections; requests under way end as unreachable.
  package func shutdown() async {
    try? await http.shutdown()  // It fails only when it is shut down already.
  }

  /// Sends the call once and says what came of it, within the request timeout.
  ///
  /// When the task is cancelled it returns at once. A call that ended as `unreachable` may still have reached the API. One for a user whose
  /// token is not there, or not usable, is `unauthorized` without having been made, as it would be without a token; nobody should ask for it.
  ///
  /// - Parameters:
  ///   - account: Whose token it carries.
  ///   - idempotencyKey: By which the API knows the same request again; visible ASCII.
  ///   - now: Wall time, read when the answer is there.
  package func deliver(
    _ call: ProgressCall, for account: Account, idempotencyKey: String, now: @escaping @Sendable () -> Timestamp
  ) async -> DeliveryOutcome {
    let token: BearerToken?
    switch settings.token(of: account) {
    case .success(let found): token = found
    case .failure(let missing): return .unauthorized(status: 401, reason: missing.reason)
    }
    let request = request(for: call, token: token, idempotencyKey: idempotencyKey)
    return await withTaskGroup { group in
      group.addTask { await self.exchange(request, for: call, now: now) }
      group.addTask { await self.timeout() }
      defer { group.cancelAll() }
      return await group.next() ?? .unreachable(reason: TransportFailure.cancelled)
    }
  }

  private func timeout() async -> DeliveryOutcome {
    do {
      try await Task.sleep(for: settings.requestTimeout, clock: .continuous)
      return .unreachable(reason: TransportFailure.timeout(after: settings.requestTimeout))
    } catch {
      return .unreachable(reason: TransportFailure.cancelled)
    }
  }

  private func exchange(_ request: HTTPClientRequest, for call: ProgressCall, now: @Sendable () -> Timestamp) async -> DeliveryOutcome {
    do {
      let answer = try await answer(to: request)
      return DeliveryOutcome(of: answer, to: call, alsoRetry: settings.alsoRetry, now: now())
    } catch {
      return .unreachable(reason: await TransportFailure(settings).reason(for: error, now: now))
    }
  }

  private func request(for call: ProgressCall, token: BearerToken?, idempotencyKey: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: settings.baseURL.text + call.path)
    request.method = .POST
    request.headers = headers.authorized(by: token)
    request.headers.add(name: "Idempotency-Key", value: idempotencyKey)
    request.body = .bytes(ByteBuffer(string: call.body(timestamps: settings.timestamps)))
    return request
  }

  /// Asks for what stands at `path`, with the common token.
  func get(_ path: String) async throws -> APIProbe.Answer {
    try Task.checkCancellation()
    var request = HTTPClientRequest(url: settings.baseURL.text + path)
    request.headers = headers.authorized(by: settings.token)
    let response = try await http.execute(request, deadline: .distantFuture)
    var body: [UInt8] = []
    for try await part in response.body {
      body += part.readableBytesView.prefix(HTTPAnswer.longestBody - body.count)
      if body.count >= HTTPAnswer.longestBody { break }
    }
    try Task.checkCancellation()
    return APIProbe.Answer(
      status: Int(response.status.code),
      contentType: response.headers.first(name: "Content-Type").map { String($0.prefix { $0 != ";" }).lowercased() },
      location: response.headers.first(name: "Location"), date: response.headers.first(name: "Date"), body: body)
  }

  /// The whole answer. One that is cut short throws, whatever its status.
  private func answer(to request: HTTPClientRequest) async throws -> HTTPAnswer {
    try Task.checkCancellation()  // The library hears of a cancellation only after it has begun to send.
    // The deadline that the library takes ends with the head of the answer, so there is none here: the race in `deliver` bounds it all.
    let response = try await http.execute(request, deadline: .distantFuture)
    var body: [UInt8] = []
    for try await part in response.body {
      body += part.readableBytesView.prefix(HTTPAnswer.longestBody - body.count)
    }
    try Task.checkCancellation()  // A cancelled body may look like one that has ended.
    return HTTPAnswer(
      status: Int(response.status.code), body: body, contentType: response.headers.first(name: "Content-Type"),
      retryAfter: response.headers.first(name: "Retry-After"))
  }
}

extension HTTPHeaders {
  fileprivate func authorized(by token: BearerToken?) -> HTTPHeaders {
    guard let token else { return self }
    var headers = self
    headers.add(name: "Authorization", value: "Bearer \(token.text)")
    return headers
  }
}

extension TLSConfiguration {
  /// A client that trusts the system's certificate authorities, or those of a PEM file.
  fileprivate static func client(trusting file: String?) throws(APIClientError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12  // RFC 8996: older versions are deprecated.
    guard let file else { return configuration }
    var status = stat()
    guard access(file, R_OK) == 0, stat(file, &status) == 0 else {
      throw .certificateAuthorities(path: file, problem: "cannot be read (\(String(cString: strerror(errno))))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .certificateAuthorities(path: file, problem: "is not a regular file") }
    do {
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
      // Reads the authorities as a connection will, so that what is wrong with them shows here.
      _ = try NIOSSLContext(configuration: configuration)
      return configuration
    } catch {
      throw .certificateAuthorities(path: file, problem: "holds no certificate, or one that is damaged")
    }
  }
}
