import ServiceLifecycle
import UnixSignals

/// Rings for a reload at each SIGHUP, and for another try at the API at each SIGUSR1.
struct Signals: Service {
  private let doorbell: Doorbell
  private let signals: UnixSignalsSequence

  /// Traps them at once, before anybody is told that the daemon is ready: whoever waits for that may signal then.
  init(doorbell: Doorbell) async {
    self.doorbell = doorbell
    signals = await UnixSignalsSequence(trapping: .sighup, .sigusr1)
  }

  func run() async throws {
    for await signal in signals.cancelOnGracefulShutdown() {
      doorbell.ring { rings in
        if signal == .sighup { rings.reloadRang = true } else { rings.wakeUps.insert(.asked) }
      }
    }
  }
}
