package import Logging
import Synchronization

/// The level from which on entries are written, shared by all loggers of the program, so that it can be changed while they run.
package final class LogThreshold: Sendable {
  private let current: Mutex<Logger.Level>

  package init(_ level: Logger.Level) {
    current = Mutex(level)
  }

  package var level: Logger.Level {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
