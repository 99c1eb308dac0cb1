import Systemd

/// What the services of the daemon share: each is safe to use from anywhere.
struct Commons: Sendable {
  let doorbell = Doorbell()
  let live = LiveEvents()
  let chronicle: Chronicle
  let instruments: Instruments
  let running: RunningConfiguration
  let threshold: LogThreshold
  /// Who has no token yet may have one with what it says.
  let users: UserDirectory

  init(chronicle: Chronicle, instruments: Instruments, running: RunningConfiguration, threshold: LogThreshold) {
    (self.chronicle, self.instruments, self.running, self.threshold) = (chronicle, instruments, running, threshold)
    users = UserDirectory { [doorbell] in doorbell.ring { $0.tokenRang = true } }
  }

  /// Ends what only goes on as long as the work loop does: commands are refused, watchers sent home.
  func close() {
    doorbell.closeAsks()
    live.end()
  }
}
