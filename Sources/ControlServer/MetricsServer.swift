package import Logging
import Hummingbird
import NIOCore
import NIOPosix
import ServiceLifecycle

/// `GET /metrics` on a loopback port, for a Prometheus that cannot read from a unix socket.
package struct MetricsServer: Service {
  private let host: String
  private let port: Int
  private let logger: Logger
  private let onListening: @Sendable (String) -> Void
  private let text: @Sendable () async throws -> String

  /// - Parameters:
  ///   - host: A numeric loopback address: whoever uses the machine can connect, and the counts are all that is said.
  ///   - port: 0 has the kernel choose one.
  ///   - onListening: Is told where it listens, as `127.0.0.1:9100`.
  ///   - text: Prometheus text format.
  package init(
    host: String, port: Int, logger: Logger, onListening: @escaping @Sendable (String) -> Void = { _ in },
    text: @escaping @Sendable () async throws -> String
  ) {
    (self.host, self.port, self.logger, self.onListening, self.text) = (host, port, logger, onListening, text)
  }

  /// Answers until a graceful shutdown. Never throws: what keeps it from serving is logged.
  package func run() async {
    var routes = Routes()
    routes.get("/metrics") { [text] _, _ in Response(metrics: try await text()) }
    let responder = routes.responder(logger: logger)
    // Nobody knows who connects over TCP, so that one user's share is everybody's.
    let listener = HTTPListener(
      limits: ConnectionLimits(total: 16, reserved: 0, perUser: 16), logger: logger,
      identify: { $0.eventLoop.makeSucceededFuture(Caller(uid: .max)) }
    ) { request, caller, gone in
      try await responder.respond(to: request, context: ControlContext(source: .init(logger: logger, caller: caller, gone: gone)))
    }
    do {
      try await listener.run { bootstrap in
        let address = try SocketAddress(ipAddress: host, port: port)
        guard address.isLoopback else { throw MetricsServerError.notLoopback(host) }
        let socket = try await bootstrap.serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1).bind(to: address).get()
        onListening("\(host.contains(":") ? "[\(host)]" : host):\(socket.localAddress?.port ?? port)")
        return socket
      }
    } catch {
      logger.error("No metrics on \(host):\(port), syncing goes on: \(error)")
      // The end of a service ends the daemon.
      try? await gracefulShutdown()
    }
  }
}

enum MetricsServerError: Error, CustomStringConvertible {
  case notLoopback(String)

  var description: String {
    switch self {
    case .notLoopback(let host): "\(host) is not on this machine's loopback, and what is said there is for this machine only"
    }
  }
}

extension SocketAddress {
  fileprivate var isLoopback: Bool {
    switch ipAddress {
    case .some(let text): text.hasPrefix("127.") || text == "::1"
    case nil: false
    }
  }
}
