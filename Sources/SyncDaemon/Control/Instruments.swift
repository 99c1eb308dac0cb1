import Measurements
package import ProgressModel
package import Spool
package import SyncEngine
package import SyncPolicy
import Synchronization
package import SystemPackage

/// What only the running daemon knows: what the work loop and its couriers note here, whoever reports reads. It begins anew with the process;
/// what must not is counted in the queue.
package final class Instruments: Sendable {
  package let spoolTimes = SpoolTimes()
  /// From the drop of a file to the answer that delivered a write of it.
  let deliveryDelay = DurationHistogram.ofWaiting
  private let requestTimes = Dictionary(uniqueKeysWithValues: FailureVerdict.allCases.map { ($0, DurationHistogram.ofNetwork) })
  private let readings = Mutex(Readings())

  package init() {}

  struct Readings: Sendable {
    var endpoint = EndpointHealth.State.reachable
    /// nil while that is a guess.
    var endpointSince: Timestamp?
    /// Whose token is not accepted.
    var holds: [Account: Hold] = [:]
    /// The files of users' tokens.
    var userTokens: [UInt32: FilePath] = [:]
    /// Whether any request was answered, or given up, since the start or since this API is called.
    var hasTried = false
    var requestsInFlight = 0
    var rejectedFiles = 0
    /// Whether the kernel tells of drops at present.
    var isSpoolWatched = false
    /// Who is at a bound.
    var reachedBounds: [ReachedBound] = []
    /// Why the disk cannot be used at present.
    var storageTrouble: String?

    /// The users whose own tokens are not accepted, or missing.
    var heldUsers: Set<UInt32> { Set(holds.keys.compactMap(\.user)) }
    /// These, and all who have tokens of their own.
    var users: Set<UInt32> { heldUsers.union(userTokens.keys) }
  }

  var now: Readings { readings.withLock { $0 } }

  /// By what each request came to.
  var requests: [(outcome: FailureVerdict, times: DurationHistogram.Snapshot)] {
    FailureVerdict.allCases.compactMap { outcome in requestTimes[outcome].map { (outcome, $0.snapshot) } }
  }

  /// Makes a request, and counts it while and after it is made.
  package func request(_ make: () async -> DeliveryOutcome) async -> DeliveryOutcome {
    readings.withLock { $0.requestsInFlight += 1 }
    let start = ContinuousClock.now
    let outcome = await make()
    requestTimes[outcome.verdict]?.observe(.now - start)
    readings.withLock { readings in
      readings.requestsInFlight -= 1
      readings.hasTried = true
    }
    return outcome
  }

  /// Takes up what a turn has come to.
  ///
  /// - Parameter since: Since when the endpoint is in its state; nil while that is a guess.
  package func note(
    _ events: [SyncEvent], endpoint: EndpointHealth.State, since: Timestamp?, holds: [Account: Hold] = [:],
    reachedBounds: [ReachedBound] = [], storageTrouble: String?,
    now: Timestamp
  ) {
    var rejected = 0
    for event in events {
      switch event {
      case .synced(_, let droppedAt?, _): deliveryDelay.observe(now - droppedAt)
      case .refused: rejected += 1
      default: break
      }
    }
    readings.withLock { readings in
      readings.rejectedFiles += rejected
      (readings.endpoint, readings.endpointSince, readings.storageTrouble) = (endpoint, since, storageTrouble)
      (readings.holds, readings.reachedBounds) = (holds, reachedBounds)
    }
  }

  /// Another API is called from now on, of which nothing is known yet.
  package func noteOtherAPI() {
    readings.withLock { $0.hasTried = false }
  }

  /// Takes up the files of the tokens that users have of their own from now on.
  package func note(userTokens: [UInt32: FilePath]) {
    readings.withLock { $0.userTokens = userTokens }
  }

  /// Takes up whether the kernel tells of drops from now on.
  package func noteSpool(isWatched: Bool) {
    readings.withLock { $0.isSpoolWatched = isWatched }
  }
}
