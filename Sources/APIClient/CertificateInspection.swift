import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL
import ProgressModel

/// Finds out why a server's certificate was refused. The TLS library says only that it was, so the certificates are
/// asked for once more, on a connection that carries nothing and ends with the handshake.
struct CertificateInspection {
  let server: APIBaseURL

  /// What is wrong with the certificate, as a clause.
  ///
  /// - Parameter file: That of the authorities that are trusted; nil for the system's.
  func verdict(trusting file: String?, now: Timestamp) async -> String {
    let certificates = await presentedCertificates()
    if let end = certificates.map(\.validUntil).min(), end < now {
      return "the certificate of \(server.authority) expired at \(end)"
    }
    if let start = certificates.map(\.validFrom).max(), start > now {
      return "the certificate of \(server.authority) is valid only from \(start); is this machine's clock right?"
    }
    let trusted = file.map { "in \($0) (api.ca_file)" } ?? "that this machine trusts; api.ca_file can name one"
    return "the certificate of \(server.authority) is from no authority \(trusted)"
  }

  /// When the first of the certificates expires; nil when they cannot be had.
  func expiry() async -> Timestamp? { await presentedCertificates().map(\.validUntil).min() }

  /// The chain as the server presents it; empty when it cannot be had.
  private func presentedCertificates() async -> [NIOSSLCertificate] {
    let loop = HTTPClient.defaultEventLoopGroup.next()
    let certificates = loop.makePromise(of: [NIOSSLCertificate].self)
    let connection = ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = try self.handler { certificates.succeed($0) }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: server.host, port: server.port)
    connection.whenFailure { certificates.fail($0) }
    connection.whenSuccess { channel in
      channel.closeFuture.whenComplete { _ in certificates.fail(ChannelError.eof) }
    }
    defer { connection.whenSuccess { $0.close(promise: nil) } }
    return await withTaskCancellationHandler {
      (try? await certificates.futureResult.get()) ?? []  // Without them, the cause stays the general one.
    } onCancel: {
      certificates.fail(CancellationError())
    }
  }

  /// A handshake that ends, refused, when the certificates are there.
  private func handler(report: @escaping @Sendable ([NIOSSLCertificate]) -> Void) throws -> NIOSSLClientHandler {
    let isAddress = (try? SocketAddress(ipAddress: server.host, port: server.port)) != nil
    return try NIOSSLClientHandler(
      context: NIOSSLContext(configuration: .makeClientConfiguration()), serverHostname: isAddress ? nil : server.host,
      customVerificationCallback: { certificates, verdict in
        report(certificates)
        verdict.succeed(.failed)
      })
  }
}

extension NIOSSLCertificate {
  fileprivate var validFrom: Timestamp { Timestamp(milliseconds: Int64(notValidBefore) * 1_000) }
  fileprivate var validUntil: Timestamp { Timestamp(milliseconds: Int64(notValidAfter) * 1_000) }
}
