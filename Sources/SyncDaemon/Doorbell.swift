import Synchronization
import SyncEngine

/// What the work loop is woken by.
struct Rings: Sendable {
  /// Each with the courier that brought it.
  var answers: [(courier: Courier.Number, answer: Answer)] = []
  var spoolRang = false
  var reloadRang = false
  var tokenRang = false
  var wakeUps: Set<WakeUp> = []
  var asks: [Ask] = []
  /// Stays set once it is.
  var isStopping = false

  fileprivate var isSilent: Bool {
    answers.isEmpty && !spoolRang && !reloadRang && !tokenRang && wakeUps.isEmpty && asks.isEmpty
  }
}

/// Wakes the one work loop, from anywhere. Rings that come while it works are kept for its next turn, folded together.
final class Doorbell: Sendable {
  private struct State {
    var rings = Rings()
    /// Whether the stop has been delivered, so that it wakes the loop once and does not spin it.
    var hasDeliveredStop = false
    var waiter: CheckedContinuation<Void, Never>?

    var isRung: Bool { !rings.isSilent || (rings.isStopping && !hasDeliveredStop) }
  }

  private let state = Mutex(State())
  private let askers = Mutex(Askers())

  func withAskers<Result: Sendable>(_ body: @Sendable (inout Askers) -> Result) -> Result {
    askers.withLock { body(&$0) }
  }

  /// Leaves word and wakes the loop.
  func ring(_ leaveWord: @Sendable (inout Rings) -> Void) {
    let waiter = state.withLock { state in
      leaveWord(&state.rings)
      return state.isRung ? state.waiter.take() : nil
    }
    waiter?.resume()
  }

  /// Takes what has been rung; waits for it until `deadline` at the longest, and returns empty hands then.
  func take(until deadline: ContinuousClock.Instant?) async -> Rings {
    if !state.withLock({ $0.isRung }) { await wait(until: deadline) }
    return state.withLock { state in
      let rings = state.rings
      state.rings = Rings(isStopping: rings.isStopping)
      state.hasDeliveredStop = rings.isStopping
      return rings
    }
  }

  private func wait(until deadline: ContinuousClock.Instant?) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.rung() }
      if let deadline {
        // Cancelled sleep is how the bell ends the wait.
        group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func rung() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard !state.isRung, !Task.isCancelled else { return true }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
  }
}
