import ServiceLifecycle
import UnixSignals

/// Rings for a reload at each SIGHUP, and for another try at the API at each SIGUSR1.
struct Signals: Service {
  let doorbell: Doorbell

  func run() async throws {
    for await signal in await UnixSignalsSequence(trapping: .sighup, .sigusr1).cancelOnGracefulShutdown() {
      doorbell.ring { rings in
        if signal == .sighup { rings.reloadRang = true } else { rings.wakeUps.insert(.asked) }
      }
    }
  }
}
