import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import SyncDaemon
import Systemd

/// The wait for a dropped action, as a person and a script see it: silence when it came to what they wait for, a `Failure` when not.
struct Patience {
  let goal: WaitGoal
  let timeout: Duration
  let service: Service
  let client: ControlClient

  func wait(for dropped: DroppedAction) async throws {
    let wait = ActionWait(
      client: client, id: dropped.id, keys: dropped.keys, goal: goal, rejected: service.rejected, file: dropped.file, timeout: timeout,
      tell: { StandardError.say("\(dropped.file) waits in the spool: \($0)") })
    let outcome: ActionWait.Outcome
    do {
      outcome = try await Spinner.turning("waiting until \(dropped) is \(goal.rawValue)") {
        try await wait.outcome(clock: ContinuousClock())
      }
    } catch let error as ControlError {
      let failure = Failure(error, of: service)
      throw Failure("\(dropped.file) is dropped, but cannot be waited for: \(failure.text)", code: failure.code)
    }
    switch outcome {
    case .reached: break
    case .rejected(let reason):
      throw Failure("rejected: \(reason.singleLine); see progressctl rejected show \(dropped.file)", code: EX_DATAERR)
    case .failed(let reason):
      throw Failure("refused by the API: \(reason?.singleLine ?? "no reason given"); see progressctl failed", code: EX_DATAERR)
    case .discarded(let reason):
      throw Failure("taken out of the queue, undelivered: \(reason?.singleLine ?? "a person discarded it")", code: EX_DATAERR)
    case .timedOut(let report):
      throw Failure("not \(goal.rawValue) within \(timeout.spelled): \(await obstacle(report, dropped))", code: EX_TEMPFAIL)
    }
  }

  /// What stands in the way, and where the action is meanwhile.
  private func obstacle(_ report: ActionReport, _ dropped: DroppedAction) async -> String {
    let place = report.state == .unknown ? "\(dropped.file) waits in the spool" : "it is safe in the queue"
    return "\(await cause(report)); \(place) (\(service.name))"
  }

  private func cause(_ report: ActionReport) async -> String {
    do {
      let answer = try await client.status()
      if answer.source == .daemon {
        if report.state == .unknown {
          return answer.report.intakeObstacle(of: geteuid(), now: .now)
            ?? "progress-syncd\(answer.report.daemon.process) runs; see progressctl status"
        }
        let obstacle = answer.report.obstacle(of: geteuid(), now: .now) ?? report.reason?.singleLine
        return obstacle ?? "it waits for its turn; see progressctl queue"
      }
    } catch ControlError.refused(let refusal) {
      return "progress-syncd runs, and says: \(refusal.error.singleLine)"
    } catch let error as ControlError where error.isBrokenOff {
      return Failure.words(for: error, of: service)
    } catch {
      // Who cannot be asked is looked for.
    }
    return switch client.files.presence {
    case .running(let process): "progress-syncd\(process.map { ", process \($0)," } ?? "") runs; see progressctl doctor"
    case .stopped: "no progress-syncd runs; \(service.howToStart)"
    case .unknown: "no daemon listens on \(client.socket.path); \(service.howToStart)"
    }
  }
}

extension DaemonReport {
  fileprivate var process: String { pid.map { ", process \($0)," } ?? "" }
}

extension Duration {
  /// An argument such as `1m30s`.
  init(argument: String) throws {
    guard let duration = Duration(spelled: argument) else { throw InvalidDuration() }
    self = duration
  }

  /// One that is longer than none.
  init(positiveArgument argument: String) throws {
    try self.init(argument: argument)
    guard self > .zero else { throw InvalidDuration() }
  }

  private struct InvalidDuration: Error, CustomStringConvertible {
    var description: String { "must be a duration such as 500ms or 1m30s" }
  }
}
