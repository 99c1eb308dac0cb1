import APIClient
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
  private let configuration: Configuration
  private let load: @Sendable () throws -> Configuration
  private let threshold: LogThreshold
  private let logger: Logger

  package static let version = "0.1.0"

  /// - Parameters:
  ///   - threshold: The log's level, which follows `log.level`.
  ///   - load: Reads the configuration from its sources, now and at each reload.
  ///
  /// Throws what `load` throws.
  package init(threshold: LogThreshold, logger: Logger, load: @escaping @Sendable () throws -> Configuration) throws {
    // Until `Signals` has its traps in place, one that comes early must not end the daemon, nor may a closed pipe ever.
    signal(SIGHUP, SIG_IGN)
    signal(SIGUSR1, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    configuration = try load()
    (self.load, self.threshold, self.logger) = (load, threshold, logger)
    threshold.level = configuration.log.level
  }

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
    let instruments = Instruments()
    var damage: String?
    repeat {
      let store = try await openQueue(damage: damage)
      defer { store.close() }
      let doorbell = Doorbell()
      let loop = WorkLoop(
        configuration: configuration, store: store, doorbell: doorbell, instruments: instruments,
        reloader: Reloader(started: configuration, load: load, threshold: threshold), logger: logger
      ) { .now }
      logger.notice("progress-syncd \(Self.version): \(configuration.spool.directory) → \(configuration.api.baseURL)")
      try await run([loop, Signals(doorbell: doorbell)])
      damage = store.damage
    } while damage != nil
    logger.notice("progress-syncd has finished")
    _ = consume lock
  }

  /// Opens the queue; one that is damaged is set aside, and what can be read in it is saved. Waits as long as there is no space for either.
  private func openQueue(damage: String?) async throws -> SyncStore {
    let notifier = ServiceNotifier()
    var told: String?
    while true {
      do {
        let (store, rescue) = try SyncStore.openRescuing(path: configuration.queuePath.string, damage: damage, now: .now)
        if let rescue { logger.error("\(rescue)") }
        return store
      } catch SyncStoreError.full(let words) {
        // An exit would only be followed by a start that finds the same.
        let reason = "\(SyncStoreError.full(words))"
        if told != reason { logger.error("The queue cannot be opened, nothing is lost, trying again: \(reason)") }
        told = reason
        notifier.notify(.status("cannot open the queue: \(reason)"), .extendTimeout(by: Self.openingPatience * 6), .alive)
        try await Task.sleep(for: Self.openingPatience)
      }
    }
  }

  private static let openingPatience = Duration.seconds(5)

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
    case is ConfigurationError, is APIClientError, DaemonError.token, SyncStoreError.newer: 78
    case StateLockError.held: 75
    case is StateLockError, is SpoolError, is SyncStoreError, is DaemonError: 74
    default: 70
    }
  }
}
