import ArgumentParser
import ControlProtocol

/// What `--wait` waits for.
enum WaitGoal: String, CaseIterable, ExpressibleByArgument {
  /// Safe in the queue.
  case accepted
  /// Taken by the API.
  case synced

  var state: ActionReport.State {
    switch self {
    case .accepted: .accepted
    case .synced: .synced
    }
  }

  /// How long it is waited for when nobody says: an acceptance takes milliseconds, a delivery the debounce and a request.
  var patience: Duration {
    switch self {
    case .accepted: .seconds(10)
    case .synced: .seconds(30)
    }
  }
}
