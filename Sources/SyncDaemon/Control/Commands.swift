import ControlProtocol
import Logging
import ProgressModel
import SyncEngine

/// What people ask of the work loop. It takes their commands into its turns, and each is answered once, when it is done and durable.
struct Commands {
  let doorbell: Doorbell
  let logger: Logger
  private var reloads: [Ask] = []
  private var flushes: [Ask] = []

  init(doorbell: Doorbell, logger: Logger) {
    (self.doorbell, self.logger) = (doorbell, logger)
  }

  /// Takes up what was asked, and performs what needs neither a reload nor a turn.
  mutating func take(_ asks: [Ask], threshold: (Logger.Level, Duration?) -> Void) {
    for ask in asks {
      switch ask.command {
      case .reload: reloads.append(ask)
      case .flush: flushes.append(ask)
      case .logLevel(let name, let time):
        guard let level = Logger.Level(rawValue: name) else {
          let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
          doorbell.answer(ask, .failure(ControlRefusal(.badRequest, "level must be one of \(names), is \(JSONValue.string(name).summary)")))
          continue
        }
        threshold(level, time.flatMap { Duration(spelled: $0) })
        let end = time.map { "for \($0)" } ?? "until the next reload"
        doorbell.answer(ask, .success(CommandReport(message: "the log's level is \(level) \(end)")))
      case .retry, .discard, .pause, .resume:
        doorbell.answer(ask, .failure(ControlRefusal(.conflict, "not possible")))
      }
    }
  }

  /// Whether the configuration is to be read again.
  var wantsReload: Bool { !reloads.isEmpty }
  /// Whether everything is to be sent now.
  var wantsFlush: Bool { !flushes.isEmpty }

  /// Answers those who asked for a reload.
  mutating func finishReload(refused problems: String?) {
    for ask in reloads {
      doorbell.answer(
        ask,
        problems.map { .failure(ControlRefusal(.conflict, "the configuration is not reloaded, the old one stays in force: \($0)")) }
          ?? .success(CommandReport(message: "the configuration is reloaded")))
    }
    reloads = []
  }

  mutating func finishFlush() {
    for ask in flushes { doorbell.answer(ask, .success(CommandReport(message: "everything is sent now"))) }
    flushes = []
  }
}
