import ControlProtocol
import ControlServer
import ProgressModel
import SyncEngine
import Synchronization

/// Passes on what happens to everybody who watches. The work loop publishes and never waits for a reader.
final class LiveEvents: Sendable {
  private struct State {
    var readers: [EventMailbox] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  /// Whether anybody reads: if not, nothing need be put into words.
  var isWatched: Bool { state.withLock { !$0.readers.isEmpty } }

  /// A mailbox for what `wants` lets through, until it ends.
  func mailbox(capacity: Int = 1_000, _ wants: @escaping @Sendable (LiveEvent) -> Bool) -> EventMailbox {
    let mailbox = EventMailbox(capacity: capacity, wants: wants)
    let isLate = state.withLock { state in
      state.readers.removeAll(where: \.hasEnded)
      state.readers.append(mailbox)
      return state.hasEnded
    }
    if isLate { mailbox.end() }
    return mailbox
  }

  /// So many are put into words at a time: a turn may come to hundreds of thousands.
  private static let portion = 1_000

  /// Tells what a turn came to.
  func publish(_ turn: Turn, at instant: Timestamp) {
    publish(turn.events.lazy.flatMap { LiveEvent.all(from: $0, at: instant) })
    publish(turn.deliveries.lazy.flatMap { LiveEvent.all(from: $0, at: instant) })
  }

  /// Takes no more memory than a portion of the events, and what the mailboxes hold.
  func publish(_ events: some Sequence<LiveEvent>) {
    guard isWatched else { return }
    var portion: [LiveEvent] = []
    for event in events {
      portion.append(event)
      guard portion.count == Self.portion else { continue }
      deliver(portion)
      portion.removeAll(keepingCapacity: true)
    }
    if !portion.isEmpty { deliver(portion) }
  }

  private func deliver(_ events: [LiveEvent]) {
    let readers = state.withLock { state in
      state.readers.removeAll(where: \.hasEnded)
      return state.readers
    }
    for reader in readers { reader.deliver(events) }
  }

  /// Ends all mailboxes, those to come too.
  func end() {
    let readers = state.withLock { state in
      state.hasEnded = true
      return state.readers
    }
    for reader in readers { reader.end() }
  }
}
