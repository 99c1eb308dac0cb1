import Logging
import SystemPackage
import Testing

@testable import SyncDaemon

@Suite("The configuration in force")
struct RunningConfigurationTests {
  @Test("after a reload has the new values, and those of the start for what takes a restart: its spool and queue are the ones in use")
  func reload() throws {
    let started = try resolved("spool.directory: /a/spool\nstate.directory: /a/state\nretry.backoff: [1s]\nlog.level: info\n")
    let running = RunningConfiguration(started)
    running.replace(
      with: try resolved("spool.directory: /b/spool\nstate.directory: /b/state\nretry.backoff: [1s, 2s]\nlog.level: debug\n"))
    let now = running.now
    #expect(now.spool.directory == "/a/spool" && now.state.directory == "/a/state" && now.queuePath == started.configuration.queuePath)
    #expect(now.retry.backoff.count == 2 && now.log.level == .debug)
    let fixed = ConfigurationKey.all.filter { !$0.isReloadable }
    #expect(fixed.count > 3)
    for key in fixed { #expect(key.text(now) == key.text(started.configuration), "\(key.path)") }
  }

  private func resolved(_ text: String) throws -> ResolvedConfiguration {
    try ConfigurationSources(kind: .system, file: "config.yaml", fileText: text).resolve()
  }
}
