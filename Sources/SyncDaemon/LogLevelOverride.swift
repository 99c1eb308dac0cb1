package import Logging
package import Systemd

/// The log's level: the configured one, or the one that somebody has set for a while.
///
/// It writes the level into the program's `LogThreshold`, and is the only one to do so while the daemon runs.
package struct LogLevelOverride: Sendable {
  private let threshold: LogThreshold
  private var configured: Logger.Level
  /// When the configured level is in force again; nil when it is, or when nothing but a reload ends the other.
  package private(set) var endsAt: ContinuousClock.Instant?

  package init(of threshold: LogThreshold) {
    (self.threshold, configured) = (threshold, threshold.level)
  }

  package var level: Logger.Level { threshold.level }

  /// Sets a level, for so long, or until the next `configure`.
  package mutating func apply(_ level: Logger.Level, for time: Duration?, now: ContinuousClock.Instant) {
    threshold.level = level
    endsAt = time.map { now + $0 }
  }

  /// Goes back to the configured level when the time is over; returns whether it did so.
  package mutating func expire(now: ContinuousClock.Instant) -> Bool {
    guard let endsAt, endsAt <= now else { return false }
    configure(configured)
    return true
  }

  /// Takes over the level of a configuration, and ends what was set by hand.
  package mutating func configure(_ level: Logger.Level) {
    (configured, endsAt) = (level, nil)
    threshold.level = level
  }
}
