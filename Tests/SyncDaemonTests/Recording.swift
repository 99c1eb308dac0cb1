import Logging
import ProgressModel
import SyncDaemon
import SyncEngine
import Synchronization

/// An `EventLog` whose lines are kept, with the second in which each was said.
final class Recording {
  struct Entry: Sendable {
    let second: Int
    let message: String
    let metadata: Logger.Metadata
  }

  private let journal = Journal()
  private var log: EventLog

  init() {
    let journal = journal
    log = EventLog(logger: Logger(label: "test") { _ in Handler(journal: journal) })
  }

  var entries: [Entry] { journal.state.withLock { $0.entries } }
  var lines: [String] { entries.map(\.message) }
  var wakeAt: Timestamp? { log.wakeAt }

  func tell(_ events: [SyncEvent], at second: Int) {
    journal.state.withLock { $0.second = second }
    log.log(events, now: Timestamp(milliseconds: Int64(second) * 1_000))
  }

  func finish(at second: Int) {
    journal.state.withLock { $0.second = second }
    log.finish(now: Timestamp(milliseconds: Int64(second) * 1_000))
  }

  /// Changes the level, as a reload does.
  func threshold(_ level: Logger.Level) {
    journal.state.withLock { $0.level = level }
  }

  private final class Journal: Sendable {
    struct State {
      var level = Logger.Level.info
      var second = 0
      var entries: [Entry] = []
    }

    let state = Mutex(State())
  }

  private struct Handler: LogHandler {
    let journal: Journal
    var metadata: Logger.Metadata = [:]

    init(journal: Journal) { self.journal = journal }

    var logLevel: Logger.Level {
      get { journal.state.withLock { $0.level } }
      set { journal.state.withLock { $0.level = newValue } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      journal.state.withLock {
        $0.entries.append(Entry(second: $0.second, message: "\(event.message)", metadata: event.metadata ?? [:]))
      }
    }
  }
}
