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

  package static let version = ProgressSync.version

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
    let sockets = try openControlSockets()
    defer { for socket in sockets { socket.close() } }
    let submissions = openSubmissionSockets()
    defer { for socket in submissions { socket.close() } }
    // The signals are heard as long as the daemon lives, whatever it is at.
    try await run([ClosureService { try await work(sockets, submissions) }], until: [.sigterm, .sigint])
    logger.say(.stopped, "progress-syncd has finished")
    // Whoever gets the lock makes sockets in the same places.
    for socket in sockets + submissions { socket.close() }
    _ = consume lock
  }

  /// Syncs until it is told to end, and begins anew whenever a turn finds the queue damaged.
  private func work(_ sockets: [DaemonSocket], _ submissions: [DaemonSocket]) async throws {
    let (instruments, chronicle, running) = (Instruments(), Chronicle(), RunningConfiguration(started))
    var damage: String?
    repeat {
      let store = try await openQueue(damage: damage)
      defer { store.close() }
      let configuration = running.now
      threshold.level = configuration.log.level
      let (spool, api) = (configuration.spool.directory.string, configuration.api.baseURL)
      logger.say(.started, "progress-syncd \(Self.version): \(spool) → \(api)", [.version: Self.version, .spool: spool, .api: api])
      let commons = Commons(chronicle: chronicle, instruments: instruments, running: running, threshold: threshold)
      try await UserDirectory.$current.withValue(commons.users) {
        try await run(await services(commons, store, sockets, submissions))
      }
      // Whoever is to end leaves the repair to the next start.
      damage = Task.isShuttingDownGracefully ? nil : store.damage
    } while damage != nil
  }

  /// Opens the queue; one that is damaged is set aside, and what can be read in it is saved. Waits as long as there is no space for either.
  private func openQueue(damage: String?) async throws -> SyncStore {
    // It may take minutes, cannot be asked to end, and loses nothing by a crash: so a signal ends the daemon, at once.
    let trapped = [SIGTERM, SIGINT].map { ($0, signal($0, SIG_DFL)) }
    defer { for (number, handler) in trapped { signal(number, handler) } }
    return try await withGracefulShutdownHandler {
      try await openQueuePatiently(damage: damage)
    } onGracefulShutdown: {
      // It came just before.
      kill(getpid(), SIGTERM)
    }
  }

  private func openQueuePatiently(damage: String?) async throws -> SyncStore {
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

  /// The sockets that clients reach the daemon at; none, which is said, when there can be none: syncing does not stop for it.
  ///
  /// Throws `DaemonSocketError` when one is in use: somebody else's answers would be taken for this daemon's.
  private func openControlSockets() throws -> [DaemonSocket] {
    do throws(DaemonSocketError) {
      return try openSockets(for: .control, at: configuration.control.socket)
    } catch {
      if error.isInUse { throw error }
      logger.say(.controlFailed, "\(error); syncing goes on, but progressctl cannot reach the daemon")
      return []
    }
  }

  /// The sockets that action files are handed over by; none, which is said, when there can be none: the directory is open to whoever may write
  /// to it.
  private func openSubmissionSockets() -> [DaemonSocket] {
    do throws(DaemonSocketError) {
      return try openSockets(for: .submissions, at: configuration.spool.socket)
    } catch {
      logger.say(.submissionFailed, "\(error); syncing goes on, and what is dropped into the directory is taken")
      return []
    }
  }

  /// Those that systemd has passed, or else one that is made here.
  private func openSockets(for purpose: SocketPurpose, at path: FilePath) throws(DaemonSocketError) -> [DaemonSocket] {
    func warn(_ words: String) { logger.say(.controlLimited, words, [.reason: words]) }
    let group = configuration.control.group
    let (passed, warnings) = DaemonSocket.passed(for: purpose, at: path, group: group)
    for warning in warnings { warn(warning) }
    guard passed.isEmpty else { return passed }
    let socket = try DaemonSocket.make(at: path, for: purpose, group: group)
    if let warning = socket.warning { warn(warning) }
    return [socket]
  }

  /// The last is the first to end: whoever asks is answered, and what is handed over is taken, as long as the work loop works.
  private func services(
    _ commons: Commons, _ store: SyncStore, _ sockets: [DaemonSocket], _ submissions: [DaemonSocket]
  ) async -> [any Service] {
    let configuration = commons.running.now
    let page = MetricsPage(configuration, store: store, instruments: commons.instruments, startedAt: startedAt)
    let control = DaemonControl(configuration, commons, metricsPage: page, startedAt: startedAt, logger: logger) { .now }
    let reloader = Reloader(started: started.configuration, load: load)
    let loop = WorkLoop(
      configuration: configuration, store: store, commons: commons, reloader: reloader, hasDesktop: kind == .user, logger: logger
    ) { .now }
    let servers = sockets.map { ControlServer(on: $0, port: control, logger: logger.saying(.controlFailed)) }
    var services: [any Service] = servers
    let root = configuration.spool.directory
    services += submissions.map { SubmissionDesk(root: root, running: commons.running, on: $0, logger: logger) }
    if let address = configuration.metrics.listen {
      let metrics = MetricsServer(
        host: address.host, port: address.port, logger: logger.saying(.metricsFailed),
        onListening: { [logger] place in logger.say(.metricsOpen, "The metrics are at http://\(place)/metrics", [.address: place]) },
        text: { try await control.metrics() })
      services.append(metrics)
    }
    services += [loop, await Signals(doorbell: commons.doorbell)]
    // Nobody listens next where the daemon has made the socket itself.
    services += zip(sockets, servers).filter { $0.0.path == nil }.map(\.1.doorkeeper)
    return services
  }

  /// Runs services until one of them ends, a signal comes, or whoever runs this is to end; they end one by one, the last first.
  private func run(_ services: [any Service], until signals: [UnixSignal] = []) async throws {
    // The library would say of itself what is said here in our own words.
    let quiet = Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }
    let configuration = ServiceGroupConfiguration(
      services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
      gracefulShutdownSignals: signals, logger: quiet)
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
