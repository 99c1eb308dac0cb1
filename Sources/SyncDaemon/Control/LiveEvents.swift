import ControlProtocol
import ControlServer
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
  func mailbox(_ wants: @escaping @Sendable (LiveEvent) -> Bool) -> EventMailbox {
    let mailbox = EventMailbox(wants: wants)
    let isLate = state.withLock { state in
      state.readers.removeAll(where: \.hasEnded)
      state.readers.append(mailbox)
      return state.hasEnded
    }
    if isLate { mailbox.end() }
    return mailbox
  }

  func publish(_ events: [LiveEvent]) {
    guard !events.isEmpty else { return }
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
