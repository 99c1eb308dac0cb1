import ServiceLifecycle
import UnixSignals

/// Rings for a reload at each SIGHUP.
struct Hangup: Service {
  let doorbell: Doorbell

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      doorbell.ring { $0.reloadRang = true }
    }
  }
}
