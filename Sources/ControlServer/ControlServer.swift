import ControlProtocol
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import ProgressModel
import ServiceLifecycle

/// The daemon's control socket: HTTP/1.1 over a unix socket, with the paths of `ControlPath`.
///
/// It knows who asks from the kernel, and leaves to its `ControlPort` what that person may see and do. A client that is slow, silent or
/// hostile costs one of a limited number of connections, and nobody waits for it.
package struct ControlServer: Service {
  private let socket: DaemonSocket
  let port: any ControlPort
  private let limits: ConnectionLimits
  private let door = Door()
  private let logger: Logger

  /// Entries that are read, and held, at once of a listing.
  static let pageSize = 1_000
  /// After which an empty line shows a reader of events that the daemon is still there, and the daemon whether the reader is.
  static let keepAlive = Duration.seconds(30)

  /// - Parameter socket: Stays open, and in its place, when the server ends.
  package init(on socket: DaemonSocket, port: any ControlPort, limits: ConnectionLimits = ConnectionLimits(), logger: Logger) {
    (self.socket, self.port, self.limits, self.logger) = (socket, port, limits, logger)
  }

  /// Answers until a graceful shutdown: streams end then, and running answers have `ConnectionLimits.stopPatience` to do so. Never throws: what keeps it from serving is logged.
  package func run() async {
    let responder = routes.responder(logger: logger)
    let listener = HTTPListener(limits: limits, door: door, logger: logger, identify: \.peer) { request, caller, gone in
      try await responder.respond(to: request, context: ControlContext(source: .init(logger: logger, caller: caller, gone: gone)))
    }
    do {
      try await listener.run { bootstrap in try await bootstrap.withBoundSocket(socket.duplicate()).get() }
    } catch {
      logger.error("The control socket does not work, syncing goes on without it: \(error)")
    }
    // The end of a service ends the daemon, and the door may be closed before.
    try? await gracefulShutdown()
  }

  /// Keeps clients waiting while the daemon is started again: for a socket that outlives it.
  package var doorkeeper: Doorkeeper { Doorkeeper(door: door, patience: limits.leavingPatience) }

  private var routes: Routes {
    var routes = Routes()
    routes.get(ControlPath.status, status)
    routes.get(ControlPath.queue, queue)
    routes.get(ControlPath.actions + "/:id", action)
    routes.get(ControlPath.events, events)
    routes.get(ControlPath.rejected, rejected)
    routes.get(ControlPath.rejected + "/:name", rejectedFile)
    routes.post(ControlPath.rejected + "/requeue", requeue)
    routes.post(ControlPath.rejected + "/discard", discardRejected)
    routes.get(ControlPath.configuration, configuration)
    routes.get(ControlPath.metrics, metrics)
    for name in ControlCommand.Name.allCases {
      routes.post(ControlPath.command(name)) { request, context in try await command(name, request, context) }
    }
    return routes
  }

  @Sendable private func status(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    return try Response(json: await port.status(for: context.caller))
  }

  @Sendable private func configuration(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    return try Response(json: await port.configuration(for: context.caller))
  }

  @Sendable private func metrics(_ request: Request, _: ControlContext) async throws -> Response {
    Response(metrics: try await port.metrics())
  }
}

extension Response {
  /// [Prometheus text format](https://prometheus.io/docs/instrumenting/exposition_formats/).
  init(metrics text: String) {
    self.init(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
