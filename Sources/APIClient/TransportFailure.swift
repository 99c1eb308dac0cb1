import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProgressModel

/// Puts into words why no whole answer came: one clause that a person understands.
struct TransportFailure {
  private let server: APIBaseURL
  private let timeout: Duration
  private let certificateAuthorityFile: String?

  init(_ settings: APIClientSettings) {
    (server, timeout, certificateAuthorityFile) = (settings.baseURL, settings.requestTimeout, settings.certificateAuthorityFile)
  }

  static let cancelled = "cancelled"

  static func timeout(after limit: Duration) -> String {
    "no whole answer within \(limit.formatted)"
  }

  private var cutShort: String { "\(server.authority) closed the connection before its answer was complete" }

  /// - Parameter now: Wall time, against which a refused certificate is judged.
  func reason(for error: any Error, now: @Sendable () -> Timestamp) async -> String {
    switch error {
    case is CancellationError: Self.cancelled
    case let error as HTTPClientError: reason(for: error)
    case let error as NIOConnectionError: reason(for: error)
    case let error as IOError: reason(for: error)
    case let error as ChannelError where error.isTimeout: Self.timeout(after: timeout)
    case is ChannelError, NIOSSLError.uncleanShutdown: cutShort
    case HTTPParserError.invalidEOFState: cutShort
    case let error as HTTPParserError: "\(server.authority) does not answer in HTTP: \(error.debugDescription)"
    case NIOSSLError.handshakeFailed(let error): await reason(for: error, now: now)
    case let error as BoringSSLError: await reason(for: error, now: now)
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      "the certificate of \(server.authority) is for another name"
    default: "\(error)"
    }
  }

  private func reason(for error: HTTPClientError) -> String {
    switch error {
    case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
      Self.timeout(after: timeout)
    case .remoteConnectionClosed, .uncleanShutdown: cutShort
    case .cancelled, .requestStreamCancelled, .alreadyShutdown: Self.cancelled
    default: error.shortDescription
    }
  }

  private func reason(for error: NIOConnectionError) -> String {
    guard let failure = error.connectionErrors.last?.error else {
      return "no address found for \(server.host)"
    }
    return (failure as? IOError).map(reason) ?? Self.timeout(after: timeout)
  }

  private func reason(for error: IOError) -> String {
    switch error.errnoCode {
    case ECONNREFUSED: "\(server.authority) refused the connection"
    case ECONNRESET, EPIPE: cutShort
    case let number: "\(server.authority): \(String(cString: strerror(number)))"
    }
  }

  private func reason(for error: BoringSSLError, now: @Sendable () -> Timestamp) async -> String {
    switch error.code {
    case "CERTIFICATE_VERIFY_FAILED": await CertificateInspection(server: server).verdict(trusting: certificateAuthorityFile, now: now())
    case "WRONG_VERSION_NUMBER": "\(server.authority) does not speak TLS; does it want http:// instead of https://?"
    case let code?: "\(server.authority): TLS failed: \(code)"
    case nil: cutShort
    }
  }
}

extension BoringSSLError {
  /// The TLS library's own name for what went wrong; nil when the connection simply ended.
  ///
  /// The library keeps it in nothing but the description: `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`.
  fileprivate var code: String? {
    "\(self)".firstMatch(of: /OPENSSL_internal:(\w+)/).map { String($0.1) }
  }
}

extension ChannelError {
  fileprivate var isTimeout: Bool {
    if case .connectTimeout = self { true } else { false }
  }
}

extension Duration {
  /// `10 s`, `300 ms`.
  fileprivate var formatted: String {
    inMilliseconds % 1_000 == 0 ? "\(inMilliseconds / 1_000) s" : "\(inMilliseconds) ms"
  }
}
