import SyncStore
import Synchronization
import Systemd

/// Tells systemd that opening the queue gets on, for as long as it does: a million writes may have to be migrated, or saved from a damaged
/// queue, and neither the time-out of the start nor the watchdog shall end that. One that stands still, they shall.
final class OpeningPulse: Sendable {
  private let notifier = ServiceNotifier()
  private let began = ContinuousClock.now
  private let toldAt = Mutex<ContinuousClock.Instant?>(nil)

  /// Longer than a disk takes to make the largest migration durable, which is one commit.
  private static let patience = Duration.seconds(60)
  private static let interval = Duration.seconds(1)

  /// Tells of it, unless it has just been told; from whichever thread does the step.
  func advance(_ step: OpeningStep) {
    let now = ContinuousClock.now
    let isDue = toldAt.withLock { toldAt in
      guard toldAt.map({ now - $0 >= Self.interval }) ?? true else { return false }
      toldAt = now
      return true
    }
    guard isDue else { return }
    notifier.notify(.status("\(step.words), for \((now - began).inWords)"), .extendTimeout(by: Self.patience), .alive)
  }
}

extension OpeningStep {
  fileprivate var words: String {
    switch self {
    case .migrating: "bringing the queue of an older version to this version's form"
    case .rescuing: "saving what can be read in the damaged queue"
    }
  }
}
