import APIClient
import Logging
import SystemEvents
import SystemPackage

/// The token that is in force, and the file that a new one comes in.
///
/// The work loop is rung when the file changes; it reads it then, and compares. Whoever may write the file can so change the token of a
/// running daemon, without a reload.
struct TokenWatch: Sendable {
  private let configuration: Configuration
  private var settings: APIClientSettings
  private let watch: FileWatch?
  /// What was last found wrong with the file.
  private var problem: String?

  /// Watches the token's file, if one is configured; says so when that cannot be done. Warns of a token that others can read on its way.
  ///
  /// - Parameter settings: Made from the configuration, with the token that is in force.
  init(_ configuration: Configuration, _ settings: APIClientSettings, logger: Logger) {
    (self.configuration, self.settings) = (configuration, settings)
    if settings.exposesToken {
      let words = "Everybody on the way to \(settings.baseURL) can read the token, as api.allow_cleartext_token permits"
      logger.say(.tokenExposed, words, [.api: "\(settings.baseURL)"])
    }
    do throws(SystemEventError) {
      watch = try configuration.api.tokenFile.map { file throws(SystemEventError) in try FileWatch(file) }
    } catch {
      logger.say(.tokenUnwatched, "\(error); a new token takes a reload", [.reason: "\(error)"])
      watch = nil
    }
  }

  /// Reads the file again, and makes a client of a token that is new; the configuration is not read again.
  ///
  /// Returns nil when nothing is new, and when the file does not hold a token: the old one stays in force, and what is wrong is said once.
  mutating func renew(logger: Logger) -> APIClient? {
    do {
      var renewed = settings
      renewed.token = try configuration.readToken()
      let isNew = renewed != settings
      let client = isNew ? try APIClient(renewed, version: Daemon.version) : nil
      (settings, problem) = (renewed, nil)
      if isNew { logger.say(.tokenChanged, "The token has changed") }
      return client
    } catch {
      if problem != "\(error)" { logger.say(.tokenKept, "The old token stays in force: \(error)", [.reason: "\(error)"]) }
      problem = "\(error)"
      return nil
    }
  }

  /// Rings whenever the file has changed, until `end()`; returns at once when there is none to watch.
  func run(ringing doorbell: Doorbell) async {
    guard let watch else { return }
    // It may have changed since it was read.
    doorbell.ring { $0.tokenRang = true }
    for await _ in watch.rings { doorbell.ring { $0.tokenRang = true } }
  }

  func end() {
    watch?.end()
  }
}
