import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The way in. Once it is closed, who connects waits in the socket for whoever listens there next.
final class Door: Sendable {
  private struct State {
    var listener: (any Channel)?
    var isClosed = false
    /// Those who are inside.
    var guests: [ObjectIdentifier: any Channel] = [:]
  }

  private let state = Mutex(State())

  /// Has new connections come through `listener`, unless it is closed already.
  func open(_ listener: any Channel) {
    let isClosed = state.withLock { state in
      state.listener = listener
      return state.isClosed
    }
    if isClosed { listener.close(promise: nil) }
  }

  func enter(_ guest: any Channel) {
    let number = ObjectIdentifier(guest)
    state.withLock { $0.guests[number] = guest }
    guest.closeFuture.whenComplete { _ in self.state.withLock { $0.guests[number] = nil } }
  }

  /// Lets nobody in any more, and returns when all have left, or after `patience`.
  func close(patience: Duration) async {
    let (listener, guests) = state.withLock { state in
      state.isClosed = true
      return (state.listener, Array(state.guests.values))
    }
    guard let listener else { return }
    listener.close(promise: nil)
    let left = listener.eventLoop.makePromise(of: Void.self)
    EventLoopFuture.andAllComplete(guests.map(\.closeFuture), on: listener.eventLoop).cascade(to: left)
    let limit = listener.eventLoop.scheduleTask(in: TimeAmount(patience)) { left.succeed() }
    try? await left.futureResult.get()  // It never fails.
    limit.cancel()
  }
}

/// Closes the control server's door as soon as the end begins, before anything that its answers depend on ends.
///
/// Between the stop and the next start clients wait, and what somebody is about to ask who has just been let in is still answered. To be the
/// last of a service group, which is the first to end.
package struct Doorkeeper: Service {
  let door: Door
  let patience: Duration

  package func run() async {
    try? await gracefulShutdown()
    await door.close(patience: patience)
  }
}
