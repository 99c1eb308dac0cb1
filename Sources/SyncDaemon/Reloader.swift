import APIClient
import Logging
import SyncEngine
import Systemd

/// Builds what a configuration asks for, before anything that runs is touched.
struct Reloader: Sendable {
  /// What was in force at the start; some of it stays so until the next.
  let started: Configuration
  let load: @Sendable () throws -> Configuration
  let threshold: LogThreshold

  /// Reads the configuration again; throws, with nothing changed, when it does not hold.
  func reload(logger: Logger) throws -> (Configuration, APIClientSettings, APIClient) {
    let configuration = try load()
    let settings = try configuration.clientSettings()
    let client = try APIClient(settings, version: Daemon.version)
    threshold.level = configuration.log.level
    for key in configuration.keysNeedingRestart(from: started) {
      logger.warning("\(key.path) has changed: it takes effect when progress-syncd is started again")
    }
    return (configuration, settings, client)
  }
}
