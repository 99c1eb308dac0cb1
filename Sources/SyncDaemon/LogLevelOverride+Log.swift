import Logging

extension LogLevelOverride {
  /// Sets a level as somebody wishes, and says so.
  mutating func set(_ level: Logger.Level, for time: Duration?, in logger: Logger) {
    // What makes the log quieter is said before it is quiet.
    let isQuieter = level > self.level
    if isQuieter { logger.say(level) }
    apply(level, for: time, now: .now)
    if !isQuieter { logger.say(level) }
  }

  /// Ends what was set for a while when that is over, and says so.
  mutating func expire(in logger: Logger) {
    if expire(now: .now) { logger.say(level) }
  }
}

extension Logger {
  fileprivate func say(_ level: Logger.Level) {
    say(.levelChanged, "The log's level is \(level) now", [.level: level.rawValue])
  }
}
