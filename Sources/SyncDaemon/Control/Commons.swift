import Systemd

/// What the services of the daemon share: each is safe to use from anywhere.
struct Commons: Sendable {
  let doorbell = Doorbell()
  let live = LiveEvents()
  let chronicle: Chronicle
  let instruments: Instruments
  let running: RunningConfiguration
  let threshold: LogThreshold

  /// Ends what only goes on as long as the work loop does: commands are refused, watchers sent home.
  func close() {
    doorbell.closeAsks()
    live.end()
  }
}
