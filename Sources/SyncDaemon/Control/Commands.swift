import ControlProtocol
import ControlServer
import Logging
import ProgressModel
import SyncEngine
import SyncStore

/// What people ask of the work loop. It takes their commands into its turns, and each is answered once, when it is done and durable.
struct Commands {
  private let doorbell: Doorbell
  private var reloads: [Ask] = []
  /// What the engine is at.
  private var underWay: [EngineCommand.ID: Ask] = [:]

  init(doorbell: Doorbell) {
    self.doorbell = doorbell
  }

  /// Whether the configuration is to be read again.
  var wantsReload: Bool { !reloads.isEmpty }

  /// Takes up what was asked; returns what the engine is to do.
  mutating func take(_ asks: [Ask], isStopping: Bool, level: inout LogLevelOverride, logger: Logger) -> [EngineCommand] {
    var wishes: [EngineCommand] = []
    for ask in asks {
      if isStopping {
        doorbell.answer(ask, .failure(.stopping))
        continue
      }
      switch ask.command {
      case .reload: reloads.append(ask)
      case .logLevel(let name, let time): doorbell.answer(ask, set(&level, to: name, for: time, in: logger))
      case .flush: wishes.append(engineCommand(.flush, ask))
      case .retry(let choice): wishes.append(engineCommand(.retry(EntrySelection(choice)), ask))
      case .discard(let choice): wishes.append(engineCommand(.discard(EntrySelection(choice)), ask))
      case .pause(let time): wishes.append(engineCommand(.suspend(for: time.flatMap { Duration(spelled: $0) }), ask))
      case .resume: wishes.append(engineCommand(.resume, ask))
      }
    }
    return wishes
  }

  private func set(_ override: inout LogLevelOverride, to name: String, for time: String?, in logger: Logger) -> AskResult {
    guard let level = Logger.Level(rawValue: name) else {
      let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      return .failure(ControlRefusal(.badRequest, "level must be one of \(names), is \(JSONValue.string(name).summary)"))
    }
    override.set(level, for: time.flatMap { Duration(spelled: $0) }, in: logger)
    let end = time.map { "for \($0)" } ?? "until the next reload"
    return .success(CommandReport(message: "the log's level is \(level) \(end)"))
  }

  private mutating func engineCommand(_ deed: EngineCommand.Deed, _ ask: Ask) -> EngineCommand {
    underWay[ask.number] = ask
    return EngineCommand(id: ask.number, deed, caller: ask.caller.uid, sender: ask.caller.confinement)
  }

  /// Answers those who asked for a reload.
  mutating func finishReload(refused problems: String? = nil) {
    for ask in reloads {
      doorbell.answer(
        ask,
        problems.map { .failure(ControlRefusal(.conflict, "the configuration is not reloaded, the old one stays in force: \($0)")) }
          ?? .success(CommandReport(message: "the configuration is reloaded")))
    }
    reloads = []
  }

  /// Answers those whose commands the engine is done with.
  mutating func finish(_ results: [CommandResult]) {
    for result in results {
      guard let ask = underWay.removeValue(forKey: result.id) else { continue }
      doorbell.answer(ask, AskResult(result.outcome, of: ask.command))
    }
  }
}

extension EntrySelection {
  fileprivate init(_ choice: EntryChoice) {
    self.init(sequences: choice.ids, keys: choice.keys, allFailed: choice.allFailed, all: choice.all)
  }
}

extension AskResult {
  fileprivate init(_ outcome: CommandResult.Outcome, of command: ControlCommand) {
    switch outcome {
    case .done(let changed, let missing, let remark):
      var clauses = [command.sentence(changed: changed)]
      if !missing.isEmpty { clauses.append("\(missing.count) named \(missing.count == 1 ? "is" : "are") not there") }
      if let remark { clauses.append(remark) }
      self = .success(CommandReport(changed: changed, missing: missing, message: clauses.joined(separator: "; ")))
    case .refused(let reason): self = .failure(ControlRefusal(.conflict, reason))
    case .failed(let reason, let changed):
      let before = changed > 0 ? "; \(changed) entries were done before: ask again for the rest" : ""
      self = .failure(ControlRefusal(.unavailable, reason + before))
    }
  }
}

extension ControlCommand {
  /// What was done, for a person.
  fileprivate func sentence(changed: Int) -> String {
    let entries = changed == 1 ? "1 entry" : "\(changed) entries"
    return switch self {
    case .flush: "\(entries) \(changed == 1 ? "is" : "are") tried now"
    case .retry: "\(entries) tried again now"
    case .discard: "\(entries) discarded, undelivered"
    case .pause(let time): "nothing is sent \(time.map { "for \($0)" } ?? "until somebody resumes")"
    case .resume: "sending goes on"
    case .logLevel, .reload: "done"
    }
  }
}
