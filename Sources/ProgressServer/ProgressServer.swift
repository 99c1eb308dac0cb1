package import Hummingbird
package import Logging
import NIOCore
package import ProgressModel
package import ProgressStore
import ServiceLifecycle
import UnixSignals

/// The progress API over HTTP/1.1. What it stores, it stores through a `ProgressStore`, and it answers 2xx only
/// after the store has committed.
///
/// It does not authenticate: every request acts for `UserID.local`, which is why it listens on loopback only.
package struct ProgressServer: Sendable {
  let store: any ProgressStore
  let now: @Sendable () -> Timestamp
  let logger: Logger

  /// How long requests under way may take to finish once the server has been told to stop.
  static let shutdownGrace: Duration = .seconds(10)
  /// How long a connection may be silent.
  static let idleTimeout: Duration = .seconds(75)

  /// - Parameters:
  ///   - now: The wall clock that stamps what arrives.
  ///   - logger: Gets one line at the start and one at the end, and a warning for each request that failed for the server's own reasons.
  package init(store: any ProgressStore, logger: Logger, now: @escaping @Sendable () -> Timestamp) {
    (self.store, self.logger, self.now) = (store, logger, now)
  }

  /// Serves until SIGTERM or SIGINT, then finishes the requests under way and returns.
  ///
  /// - Throws: `ListenError` when the address cannot be listened on.
  package func run(on address: ListenAddress) async throws {
    var configuration = ServiceGroupConfiguration(
      services: [application(on: address)], gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger)
    configuration.maximumGracefulShutdownDuration = Self.shutdownGrace
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch let error as IOError {
      throw ListenError(address: address, error)
    }
    logger.info("progress-api stopped")
  }

  /// The server as a Hummingbird application.
  package func application(on address: ListenAddress) -> some ApplicationProtocol {
    let announce = logger
    return Application(
      router: router,
      server: .http1(configuration: .init(idleTimeout: .init(Self.idleTimeout))),
      configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? address.port
        announce.info("progress-api listening on \(address.url(port: port))")
      },
      logger: quietLogger)
  }

  /// The libraries' own news are not the operator's.
  private var quietLogger: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }

  private var router: Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.add(middleware: RefusalAnswers(logger: logger))
    addProgressRoutes(to: router)
    addProgramRoutes(to: router)
    router.at("/health", [.get: health])
    return router
  }

  @Sendable private func health(_: Request, _: BasicRequestContext) async throws -> Response {
    try await store.check()
    return Response(json: .object(["status": .string("ok")]))
  }
}

extension Parameters {
  /// The program that the path names; throws `Refusal` for what no program can be called.
  func program() throws -> ProgramID {
    let text = get("program_id") ?? ""
    guard let program = ProgramID(text) else {
      let problem = RequestProblem(
        type: "value_error", place: [.string("path"), .string("program_id")], message: "Value error, \(ProgramID.rule)",
        input: .string(text))
      throw Refusal.invalid([problem])
    }
    return program
  }
}
