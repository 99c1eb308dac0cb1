import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import Spool
import SyncDaemon
import SystemPackage

/// What all verbs that drop an action have in common.
struct DropOptions: ParsableArguments {
  @Option(help: ArgumentHelp("When you did it, with a zone; default: the time of the drop.", valueName: "instant"))
  var recordedAt: String?

  @Option(help: "Your own id of the action; dropping the same id again is harmless. Default: a new one.")
  var id: String?

  @Flag(help: "Return when the action is safe in the queue, or say why it is not.")
  var wait = false

  @Option(
    help: ArgumentHelp("How long --wait waits, such as 500ms or 1m30s; default: 10s.", valueName: "duration"),
    transform: DropOptions.duration)
  var timeout: Duration?

  @Flag(help: "Print {\"file\", \"id\", \"key\"}, as soon as it is dropped.")
  var json = false

  @OptionGroup var service: ServiceOptions

  private static func duration(_ text: String) throws -> Duration {
    guard let duration = Duration(spelled: text) else { throw ValidationError("must be a duration such as 500ms or 1m30s") }
    return duration
  }

  /// Drops the action, and waits for its acceptance when asked to.
  ///
  /// Throws `Failure`; where nothing was dropped, its text says so.
  func drop(_ action: Action, into service: Service) async throws {
    let contents = ActionFile.serialize(action)
    let limit = service.configuration.spool.maxFileSize
    guard contents.count <= limit else {
      let text = "the action is \(contents.count) bytes long, and spool.max_file_size is \(limit); shorten it; nothing was dropped"
      throw Failure(text, code: EX_DATAERR)
    }
    if wait { try checkThatWaitingWorks(service) }
    let dropped = try DroppedAction(dropping: contents, of: action, into: service)
    if json { try StandardOutput.write(dropped.json.serialized + "\n") }
    if wait { try await self.wait(for: dropped, in: service) }
    if !json { try StandardOutput.write("\(wait ? "accepted" : "dropped") \(dropped)\n") }
  }

  private func checkThatWaitingWorks(_ service: Service) throws {
    do {
      _ = try service.client.status()
    } catch .noQueue {
      // A daemon that starts in time makes one.
    } catch {
      let code = Failure(error, of: service).code
      throw Failure("--wait cannot look into the queue: \(error); drop without it; nothing was dropped (\(service.name))", code: code)
    }
  }

  private func wait(for dropped: DroppedAction, in service: Service) async throws {
    let timeout = timeout ?? .seconds(10)
    let wait = AcceptanceWait(
      client: service.client, id: dropped.id, rejected: service.configuration.spool.directory.appending("rejected"), file: dropped.file,
      timeout: timeout)
    let outcome: AcceptanceWait.Outcome
    do {
      outcome = try await wait.outcome(clock: ContinuousClock())
    } catch let error as ControlError {
      let failure = Failure(error, of: service)
      throw Failure("\(dropped.file) is dropped, but cannot be waited for: \(failure.text)", code: failure.code)
    }
    switch outcome {
    case .accepted: break
    case .rejected(let reason):
      let place = service.configuration.spool.directory.appending("rejected")
      throw Failure("rejected: \(reason); \(dropped.file) is kept in \(place)", code: EX_DATAERR)
    case .timedOut:
      let state =
        switch service.client.presence {
        case .running(let process): "progress-syncd\(process.map { ", process \($0)," } ?? "") runs; see progressctl status"
        case .stopped: "no progress-syncd runs; \(service.howToStart)"
        case .unknown: "whether progress-syncd runs cannot be seen"
        }
      throw Failure(
        "not accepted within \(timeout.spelled): \(state); \(dropped.file) waits in the spool (\(service.name))", code: EX_TEMPFAIL)
    }
  }
}
