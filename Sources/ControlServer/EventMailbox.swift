package import ControlProtocol
import ProgressModel
import Synchronization

/// The events on their way to one reader: as many as it may be behind, and the number of those that were too many.
///
/// Whoever delivers never waits.
package final class EventMailbox: Sendable {
  private struct State {
    var events: [LiveEvent] = []
    var lost = 0
    var lostAt: Timestamp?
    var hasEnded = false
    var reader: CheckedContinuation<Void, Never>?

    var hasNews: Bool { !events.isEmpty || lost > 0 || hasEnded }
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let wants: @Sendable (LiveEvent) -> Bool

  /// - Parameters:
  ///   - capacity: How many events wait at most.
  ///   - wants: Which are taken in at all.
  package init(capacity: Int = 1_000, wants: @escaping @Sendable (LiveEvent) -> Bool) {
    (self.capacity, self.wants) = (capacity, wants)
  }

  package var hasEnded: Bool { state.withLock { $0.hasEnded } }

  package func deliver(_ events: [LiveEvent]) {
    let wanted = events.filter(wants)
    guard !wanted.isEmpty else { return }
    let reader = state.withLock { state in
      guard !state.hasEnded else { return nil as CheckedContinuation<Void, Never>? }
      let room = state.lost > 0 ? 0 : capacity - state.events.count
      state.events += wanted.prefix(room)
      if wanted.count > room {
        state.lost += wanted.count - room
        state.lostAt = wanted.last?.at
      }
      return state.reader.take()
    }
    reader?.resume()
  }

  /// What is in it by now can still be read.
  package func end() {
    let reader = state.withLock { state in
      state.hasEnded = true
      return state.reader.take()
    }
    reader?.resume()
  }

  /// Takes out everything, and waits for something for so long at most; nil at the end, and when the task is cancelled.
  ///
  /// Where events were left out, an event `lost` says how many. To be called by one task at a time.
  package func next(within patience: Duration) async -> [LiveEvent]? {
    if !state.withLock({ $0.hasNews }) { await wait(patience) }
    guard !Task.isCancelled else { return nil }
    return state.withLock { state in
      guard !state.events.isEmpty || state.lost > 0 || !state.hasEnded else { return nil }
      var events = state.events
      if let at = state.lostAt { events.append(LiveEvent(lost: state.lost, at: at)) }
      (state.events, state.lost, state.lostAt) = ([], 0, nil)
      return events
    }
  }

  private func wait(_ patience: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.news() }
      // A sleep that is cancelled ends the wait as well.
      group.addTask { try? await Task.sleep(for: patience) }
      await group.next()
      group.cancelAll()
    }
  }

  private func news() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard !state.hasNews, !Task.isCancelled else { return true }
          state.reader = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.reader.take() }?.resume()
    }
  }
}

extension LiveEvent {
  fileprivate init(lost number: Int, at instant: Timestamp) {
    self.init(at: instant, kind: .lost, text: "\(number) events are left out here: they came faster than they were read")
    count = number
  }
}
