import Logging
import SyncDaemon
import Systemd
import Testing

@Suite("A log level that is set by hand")
struct LogLevelOverrideTests {
  private let threshold = LogThreshold(.info)
  private let now = ContinuousClock.now

  @Test("holds for its time, and then the configured one is in force again")
  func expires() {
    var level = LogLevelOverride(of: threshold)
    level.apply(.debug, for: .seconds(600), now: now)
    #expect(threshold.level == .debug)
    #expect(level.endsAt == now + .seconds(600))
    let isEarly = level.expire(now: now + .seconds(599))
    #expect(!isEarly)
    let isOver = level.expire(now: now + .seconds(600))
    #expect(isOver)
    #expect(threshold.level == .info)
    #expect(level.endsAt == nil)
    let isOverAgain = level.expire(now: now + .seconds(601))
    #expect(!isOverAgain, "it is said once")
  }

  @Test("without a time holds until the configuration is read again")
  func reload() {
    var level = LogLevelOverride(of: threshold)
    level.apply(.trace, for: nil, now: now)
    let isOver = level.expire(now: now + .seconds(1_000_000))
    #expect(!isOver && threshold.level == .trace)
    level.configure(.warning)
    #expect(threshold.level == .warning)
  }

  @Test("ends with a reload, which sets the level of the new configuration")
  func reloadWithin() {
    var level = LogLevelOverride(of: threshold)
    level.apply(.debug, for: .seconds(600), now: now)
    level.configure(.error)
    #expect(threshold.level == .error && level.endsAt == nil)
    level.apply(.debug, for: .seconds(1), now: now)
    let isOver = level.expire(now: now + .seconds(1))
    #expect(isOver && threshold.level == .error)
  }
}
