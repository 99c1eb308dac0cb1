import APIClient
import ControlServer
import Glibc
package import Logging
import ProgressModel
import ServiceLifecycle
import Spool
import SyncStore
package import Systemd
import SystemPackage
import UnixSignals

/// progress-syncd: what runs between the start and SIGTERM.
package struct Daemon {
  private let started: ResolvedConfiguration
  private let load: @Sendable () throws -> ResolvedConfiguration
  private let kind: ServiceKind
  private let threshold: LogThreshold
  private let logger: Logger
  private let startedAt = Timestamp.now

  package static let version = "0.1.0"

  /// - Parameters:
  ///   - kind: Only a user's service has a desktop to show notices on.
  ///   - threshold: The log's level, which follows `log.level`.
  ///   - load: Reads the configuration from its sources, now and at each reload.
  ///
  /// Throws what `load` throws.
  package init(
    kind: ServiceKind, threshold: LogThreshold, logger: Logger, load: @escaping @Sendable () throws -> ResolvedConfiguration
  ) throws {
    // Until `Signals` has its traps in place, one that comes early must not end the daemon, nor may a closed pipe ever.
    signal(SIGHUP, SIG_IGN)
    signal(SIGUSR1, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    started = try load()
    (self.kind, self.load, self.threshold, self.logger) = (kind, load, threshold, logger)
    threshold.level = started.configuration.log.level
  }

  private var configuration: Configuration { started.configuration }

  /// Throws what would keep the daemon from starting with this configuration, as far as that can be known without starting.
  package func check() async throws {
    try await configuration.check()
  }

  /// Works until SIGTERM or SIGINT, then finishes what is under way and returns.
  ///
  /// Throws only while starting: when another daemon has the state directory (`StateLockError`), or when the queue
  /// (`SyncStoreError`), the spool (`SpoolError`) or the API's settings (`APIClientError`, `DaemonError`) cannot be used as
  /// they are. A network or an API that is down is no reason to end.
  package func run() async throws {
    do {
      try configuration.state.directory.makeDirectories()
    } catch {
      throw DaemonError.stateDirectory(configuration.state.directory, reason: "\(error)")
    }
    let lock = try await StateLock.acquire(in: configuration.state.directory)
    let (instruments, chronicle, running) = (Instruments(), Chronicle(), RunningConfiguration(started))
    let socket = try openControlSocket()
    defer { socket?.close() }
    let submissions = openSubmissionSocket()
    defer { submissions?.close() }
    var damage: String?
    repeat {
      let store = try await openQueue(damage: damage)
      defer { store.close() }
      let configuration = running.now
      threshold.level = configuration.log.level
      let (spool, api) = (configuration.spool.directory.string, configuration.api.baseURL)
      logger.say(.started, "progress-syncd \(Self.version): \(spool) → \(api)", [.version: Self.version, .spool: spool, .api: api])
      let commons = Commons(chronicle: chronicle, instruments: instruments, running: running, threshold: threshold)
      try await run(await services(commons, store, socket, submissions))
      // Whoever is to end leaves the repair to the next start.
      damage = commons.doorbell.isStopping ? nil : store.damage
    } while damage != nil
    logger.say(.stopped, "progress-syncd has finished")
    // Whoever gets the lock makes sockets in the same places.
    socket?.close()
    submissions?.close()
    _ = consume lock
  }

  /// Opens the queue; one that is damaged is set aside, and what can be read in it is saved. Waits as long as there is no space for either.
  private func openQueue(damage: String?) async throws -> SyncStore {
    // Whoever waits for these has ended with the services, and libdispatch's handlers, which it sets once, would swallow them: here they end
    // the daemon as they do before its first turn.
    let trapped = damage == nil ? [] : [SIGTERM, SIGINT].map { ($0, signal($0, SIG_DFL)) }
    defer { for (number, handler) in trapped { signal(number, handler) } }
    let notifier = ServiceNotifier()
    let pulse = OpeningPulse()
    var told: String?
    while true {
      do {
        let (store, rescue) = try SyncStore.openRescuing(
          path: configuration.queuePath.string, damage: damage, now: .now, observer: pulse.advance)
        if let rescue { logger.say(.queueRescued, "\(rescue)", [.reason: "\(rescue)"]) }
        return store
      } catch SyncStoreError.full(let words) {
        // An exit would only be followed by a start that finds the same.
        let reason = "\(SyncStoreError.full(words))"
        if told != reason {
          logger.say(.queueFull, "The queue cannot be opened, nothing is lost, trying again: \(reason)", [.reason: reason])
        }
        told = reason
        notifier.notify(.status("cannot open the queue: \(reason)"), .extendTimeout(by: Self.openingPatience * 6), .alive)
        try await Task.sleep(for: Self.openingPatience)
      }
    }
  }

  private static let openingPatience = Duration.seconds(5)

  /// The socket that clients reach the daemon at; nil, and said, when there can be none: syncing does not stop for it.
  ///
  /// Throws `DaemonSocketError` when it is in use: somebody else's answers would be taken for this daemon's.
  private func openControlSocket() throws -> DaemonSocket? {
    do throws(DaemonSocketError) {
      if let passed = DaemonSocket.passed() { return passed }
      let socket = try DaemonSocket.make(at: configuration.control.socket, group: configuration.control.group)
      if let warning = socket.warning { logger.say(.controlLimited, "\(warning)", [.reason: "\(warning)"]) }
      return socket
    } catch {
      if error.isInUse { throw error }
      logger.say(.controlFailed, "\(error); syncing goes on, but progressctl cannot reach the daemon")
      return nil
    }
  }

  /// The socket that action files are handed over by; nil, and said, when there can be none: the directory is open to whoever may write to it.
  private func openSubmissionSocket() -> DaemonSocket? {
    do throws(DaemonSocketError) {
      if let passed = DaemonSocket.passed(for: .submissions) { return passed }
      let socket = try DaemonSocket.make(at: configuration.spool.socket, for: .submissions, group: configuration.control.group)
      if let warning = socket.warning { logger.say(.controlLimited, "\(warning)", [.reason: "\(warning)"]) }
      return socket
    } catch {
      logger.say(.submissionFailed, "\(error); syncing goes on, and what is dropped into the directory is taken")
      return nil
    }
  }

  /// The last is the first to end: whoever asks is answered, and what is handed over is taken, as long as the work loop works.
  private func services(
    _ commons: Commons, _ store: SyncStore, _ socket: DaemonSocket?, _ submissions: DaemonSocket?
  ) async -> [any Service] {
    let configuration = commons.running.now
    let page = MetricsPage(configuration, store: store, instruments: commons.instruments, startedAt: startedAt)
    let control = DaemonControl(configuration, commons, metricsPage: page, startedAt: startedAt, logger: logger) { .now }
    let reloader = Reloader(started: started.configuration, load: load)
    let loop = WorkLoop(
      configuration: configuration, store: store, commons: commons, reloader: reloader, hasDesktop: kind == .user, logger: logger
    ) { .now }
    var services: [any Service] = []
    let server = socket.map { ControlServer(on: $0, port: control, logger: logger.saying(.controlFailed)) }
    if let server { services.append(server) }
    if let submissions {
      let root = configuration.spool.directory
      services.append(SubmissionDesk(root: root, running: commons.running, on: submissions, logger: logger))
    }
    if let address = configuration.metrics.listen {
      let metrics = MetricsServer(
        host: address.host, port: address.port, logger: logger.saying(.metricsFailed),
        onListening: { [logger] place in logger.say(.metricsOpen, "The metrics are at http://\(place)/metrics", [.address: place]) },
        text: { try await control.metrics() })
      services.append(metrics)
    }
    services += [loop, await Signals(doorbell: commons.doorbell)]
    // Nobody listens next where the daemon has made the socket itself.
    if let server, socket?.path == nil { services.append(server.doorkeeper) }
    return services
  }

  private func run(_ services: [any Service]) async throws {
    // The library would say of itself what is said here in our own words.
    let quiet = Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }
    let configuration = ServiceGroupConfiguration(
      services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
    try await ServiceGroup(configuration: configuration).run()
  }
}

extension Daemon {
  /// The code of sysexits.h that tells a service manager, or a script, what kind of error ended the daemon.
  package static func exitCode(for error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError, is APIClientError, DaemonError.token, DaemonError.userTokens, SyncStoreError.newer: 78
    case StateLockError.held: 75
    case let error as DaemonSocketError where error.isInUse: 75
    case is StateLockError, is SpoolError, is SyncStoreError, is DaemonError: 74
    default: 70
    }
  }
}
