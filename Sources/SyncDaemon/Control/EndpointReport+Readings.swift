import ControlProtocol
import ProgressModel
import SyncPolicy

extension EndpointReport {
  /// How the API stands: the one account of it, for the status and for the metrics.
  init(_ readings: Instruments.Readings, now: Timestamp) {
    let since = readings.endpointSince
    switch readings.endpoint {
    case .reachable where readings.hasTried: self.init(state: .reachable, since: since)
    case .reachable: self.init(state: .untried)
    // Over, and nothing has been sent since.
    case .paused(let until, _) where until <= now: self.init(state: .reachable)
    case .paused(let until, let reason): self.init(state: .paused, since: since, reason: reason, nextProbeAt: until)
    case .failing(let since, _, let freshAt, let probeAt, let reason):
      self.init(state: .failing, since: since, reason: reason, nextProbeAt: min(freshAt, probeAt))
    case .unreachable(let since, _, let probeAt, let reason):
      self.init(state: .unreachable, since: since, reason: reason, nextProbeAt: probeAt)
    }
    // What is true for everybody comes first.
    if let hold = readings.holds[.common], [.untried, .reachable].contains(state) {
      self.init(state: .held, since: hold.since, reason: hold.reason, status: hold.status, nextProbeAt: hold.probeAt)
    }
    inFlight = readings.requestsInFlight
  }
}
