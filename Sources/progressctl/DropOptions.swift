import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import Spool
import SyncDaemon

/// What all verbs that drop an action have in common.
struct DropOptions: ParsableArguments {
  @Option(help: ArgumentHelp("When you did it, with a zone; default: the time of the drop.", valueName: "instant"))
  var recordedAt: String?

  @Option(help: "Your own id of the action; dropping the same id again is harmless. Default: a new one.")
  var id: String?

  // Not the parser's own `defaultAsFlag`: that takes a goal it does not know for none.
  @Option(
    help: ArgumentHelp(
      "Return when the action is safe in the queue, or with --wait=synced when the API has it; or say why it is not.", valueName: "goal"))
  var wait: WaitGoal?

  @Option(
    help: ArgumentHelp("How long --wait waits, such as 500ms or 1m30s; default: 10s, for synced 30s.", valueName: "duration"),
    transform: Duration.init(argument:))
  var timeout: Duration?

  @Flag(help: "Print {\"file\", \"id\", \"key\"}, as soon as it is dropped.")
  var json = false

  @OptionGroup var service: ServiceOptions

  /// Drops the action, and waits for what it was asked to wait for.
  ///
  /// Throws `Failure`; where nothing was dropped, its text says so.
  func drop(_ action: Action, into service: Service) async throws {
    let contents = ActionFile.serialize(action)
    let limit = service.configuration.spool.maxFileSize
    guard contents.count <= limit else {
      let text = "the action is \(contents.count) bytes long, and spool.max_file_size is \(limit); shorten it; nothing was dropped"
      throw Failure(text, code: EX_DATAERR)
    }
    guard let wait else {
      let dropped = try DroppedAction(dropping: contents, of: action, into: service)
      return try tell(dropped, as: "dropped", service)
    }
    try await service.connected { client in
      try await checkThatWaitingWorks(client, service)
      let dropped = try DroppedAction(dropping: contents, of: action, into: service)
      if json { try tell(dropped, as: "dropped", service) }
      try await Patience(goal: wait, timeout: timeout ?? wait.patience, service: service, client: client).wait(for: dropped)
      if !json { try tell(dropped, as: wait.rawValue, service) }
    }
  }

  private func tell(_ dropped: DroppedAction, as state: String, _ service: Service) throws {
    try StandardOutput.write(json ? dropped.json.serialized + "\n" : "\(state) \(dropped)\(service.aside)\n")
  }

  private func checkThatWaitingWorks(_ client: ControlClient, _ service: Service) async throws {
    do {
      _ = try await client.status()
    } catch let error as ControlError where error.isPassing {
      // A daemon that starts in time answers, and makes a queue.
    } catch let error as ControlError {
      let code = Failure(error, of: service).code
      throw Failure("--wait cannot ask the daemon: \(error); drop without it; nothing was dropped (\(service.name))", code: code)
    }
  }
}
