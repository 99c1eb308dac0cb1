import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
package import ProgressModel

/// Asks an API one harmless question, to learn whether a progress API answers there, and to whom. Changes nothing on either side.
package struct APIProbe: Sendable {
  private let settings: APIClientSettings
  private let client: APIClient

  /// Lends a probe, and closes its connections afterwards.
  ///
  /// Throws `APIClientError` when no client can be made of the settings, and what `body` throws.
  package static func with<Answer>(
    _ settings: APIClientSettings, version: String, _ body: (APIProbe) async throws -> Answer
  ) async throws -> Answer {
    let client = try APIClient(settings, version: version)
    do {
      let answer = try await body(APIProbe(settings: settings, client: client))
      await client.shutdown()
      return answer
    } catch {
      await client.shutdown()
      throw error
    }
  }

  private init(settings: APIClientSettings, client: APIClient) {
    (self.settings, self.client) = (settings, client)
  }

  /// What was answered.
  package struct Answer: Hashable, Sendable {
    package var status: Int
    /// The media type, without its parameters, in lower case.
    package var contentType: String?
    /// Where a redirect leads.
    package var location: String?
    /// The server's clock.
    package var date: String?
    /// Its beginning.
    package var body: [UInt8]

    package init(status: Int, contentType: String? = nil, location: String? = nil, date: String? = nil, body: [UInt8] = []) {
      (self.status, self.contentType, self.location, self.date, self.body) = (status, contentType, location, date, body)
    }
  }

  /// Why there is none, as a clause.
  package struct Failure: Error, Hashable, Sendable {
    package let reason: String

    package init(reason: String) {
      self.reason = reason
    }
  }

  /// Asks for the progress of a program, with the token where there is one. Throws `Failure`.
  package func progress(of program: ProgramID, now: @escaping @Sendable () -> Timestamp) async throws(Failure) -> Answer {
    let limit = settings.requestTimeout
    do {
      return try await withThrowingTaskGroup(of: Answer.self) { group in
        group.addTask { try await client.get("/api/progress/\(program)") }
        group.addTask {
          try await Task.sleep(for: limit, clock: .continuous)
          throw Failure(reason: TransportFailure.timeout(after: limit))
        }
        defer { group.cancelAll() }
        guard let answer = try await group.next() else { throw CancellationError() }
        return answer
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(reason: await TransportFailure(settings).reason(for: error, now: now))
    }
  }

  /// Until when every certificate that the server presents is valid; nil without TLS, or when they cannot be had in time.
  package func certificatesExpireAt() async -> Timestamp? {
    guard settings.baseURL.scheme == .https else { return nil }
    let limit = settings.requestTimeout
    return await withTaskGroup(of: Timestamp?.self) { group in
      group.addTask { await CertificateInspection(server: settings.baseURL).expiry() }
      group.addTask {
        // When it is cancelled it is not needed any more.
        try? await Task.sleep(for: limit, clock: .continuous)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  /// The addresses of a host, in the order in which the system would try them. Throws `Failure`.
  ///
  /// The system's resolver cannot be interrupted: when `limit` is over, it is left to itself.
  package static func addresses(of host: String, within limit: Duration) async throws(Failure) -> [String] {
    let loop = HTTPClient.defaultEventLoopGroup.next()
    let answer = loop.makePromise(of: [String].self)
    let timer = loop.scheduleTask(in: TimeAmount(limit)) {
      answer.fail(Failure(reason: "the resolver has not answered within \(limit.spelled)"))
    }
    NIOThreadPool.singleton.submit { _ in answer.completeWith(Result { try resolve(host) }) }
    defer { timer.cancel() }
    do {
      return try await answer.futureResult.get()
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(reason: "\(error)")
    }
  }

  private static func resolve(_ host: String) throws -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &found)
    guard code == 0 else { throw Failure(reason: String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(found) }
    var addresses: [String] = []
    var next = found
    while let info = next?.pointee {
      var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(info.ai_addr, info.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 {
        addresses.append(String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
      }
      next = info.ai_next
    }
    return addresses
  }
}
