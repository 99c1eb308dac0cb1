import ControlProtocol
import ControlServer

extension Doorbell {
  /// Leaves a command for the work loop, and waits until it is done, refused, or the loop has ended.
  ///
  /// Whoever is cancelled meanwhile is told at once that the outcome is open: the loop may perform the command all the same.
  func ask(_ command: ControlCommand, for caller: Caller) async -> AskResult {
    let ask: Ask
    switch withAskers({ $0.admit(command, from: caller) }) {
    case .success(let admitted): ask = admitted
    case .failure(let refusal): return .failure(refusal)
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isLate = withAskers { askers in
          guard !Task.isCancelled, !askers.hasEnded else {
            _ = askers.leave(ask.number)
            return true
          }
          askers.wait(ask.number, continuation)
          return false
        }
        if isLate { return continuation.resume(returning: .failure(.stopping)) }
        ring { $0.asks.append(ask) }
      }
    } onCancel: {
      withAskers { $0.abandon(ask.number) }?
        .resume(returning: .failure(ControlRefusal(.unavailable, "nobody waited for the answer")))
    }
  }

  /// Answers one; does nothing when it was answered before.
  func answer(_ ask: Ask, _ result: AskResult) {
    withAskers { $0.leave(ask.number) }?.resume(returning: result)
  }

  /// Refuses all who will come; those who wait go on waiting.
  func refuseAsks() {
    withAskers { $0.refuse(.stopping) }
  }

  /// Refuses all who wait, and who will come.
  func closeAsks() {
    refuseAsks()
    for continuation in withAskers({ $0.leaveAll() }) { continuation.resume(returning: .failure(.cutShort)) }
  }
}

extension ControlRefusal {
  /// A step of it may have been done.
  static let cutShort = ControlRefusal(.unavailable, "the daemon has ended meanwhile: see how far it came, and ask again")
  static let stopping = ControlRefusal(.ending, "the daemon is ending: ask again when it runs")
}
