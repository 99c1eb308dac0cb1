import APIClient
import ControlProtocol
import Synchronization

/// The client that makes the requests, and what it was made of.
struct ClientInForce: Sendable {
  let client: APIClient
  let settings: APIClientSettings
  let users: UserTokens

  /// The same in place of one that is shut down.
  var again: ClientInForce { ClientInForce(client: APIClient(again: client), settings: settings, users: users) }
}

/// The configuration that the daemon goes by, for whoever asks; a reload replaces it.
final class RunningConfiguration: Sendable {
  private let started: ResolvedConfiguration
  private let current: Mutex<ResolvedConfiguration>
  private let latestClient = Mutex<ClientInForce?>(nil)

  init(_ started: ResolvedConfiguration) {
    self.started = started
    current = Mutex(started)
  }

  /// What is in force: a key that takes a restart has the value of the start.
  var now: Configuration { current.withLock { $0.configuration }.keepingFixedKeys(of: started.configuration) }

  func replace(with configuration: ResolvedConfiguration) {
    current.withLock { $0 = configuration }
  }

  /// The client that was last in force; nil before the first. It may be shut down by now.
  var client: ClientInForce? { latestClient.withLock { $0 } }

  func note(_ client: ClientInForce) {
    latestClient.withLock { $0 = client }
  }

  /// What is in force: a key that takes a restart has the value of the start.
  var report: ConfigurationReport {
    var report = current.withLock { $0 }.report
    let fixed = Set(ConfigurationKey.all.filter { !$0.isReloadable }.map(\.path))
    let atStart = Dictionary(uniqueKeysWithValues: started.report.values.map { ($0.key, $0) })
    report.values = report.values.map { fixed.contains($0.key) ? atStart[$0.key] ?? $0 : $0 }
    return report
  }
}
