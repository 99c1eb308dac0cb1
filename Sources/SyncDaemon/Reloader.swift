import APIClient
import Logging
import SyncEngine

/// Builds what a configuration asks for, before anything that runs is touched.
struct Reloader: Sendable {
  /// What was in force at the start; some of it stays so until the next.
  let started: Configuration
  let load: @Sendable () throws -> ResolvedConfiguration

  /// Reads the configuration again; throws, with nothing changed, when it does not hold.
  ///
  /// - Parameters:
  ///   - current: What is in force.
  ///   - old: The tokens of users that are: what cannot be read just now stays so, but for another API, which is not to see them.
  func reload(
    from current: Configuration, keeping old: UserTokens, logger: Logger
  ) throws -> (ResolvedConfiguration, APIClientSettings, UserTokens, APIClient) {
    let resolved = try load()
    let configuration = resolved.configuration
    let known = configuration.api.baseURL == current.api.baseURL ? old : old.withoutTokens
    let users = configuration.readUserTokens().keeping(configuration.api.userTokens == nil ? UserTokens() : known)
    let settings = try configuration.clientSettings(users: users)
    let client = try APIClient(settings, version: Daemon.version)
    for key in configuration.keysNeedingRestart(from: started) {
      let words = "\(key.path) has changed: it takes effect when progress-syncd is started again"
      logger.say(.restartNeeded, words, [.setting: key.path])
    }
    return (resolved, settings, users, client)
  }
}
