import ProgressModel
@testable import SyncEngine
@testable import SyncPolicy
import SyncStore

/// What the bugs do to what passes between the engine and its ports.
extension DeliberateBug {
  /// Whether it shows only where many sessions wait.
  var needsBacklog: Bool {
    switch self {
    case .sessionTwiceInABulk, .uncompleteInABulk, .refusedBulkFailsItsItems, .bulkIsNeverSplit, .halvesAreLost, .programsHaveNoTurns,
      .freshStarves:
      true
    default: false
    }
  }

  /// What is made true in the queue instead of `settlement`; nil for nothing.
  func distort(_ settlement: Settlement, now: Timestamp) -> Settlement? {
    func with(_ fate: Fate) -> Settlement { Settlement(sequence: settlement.sequence, fate: fate) }
    switch (self, settlement.fate) {
    case (.settlementIsNotRecorded, .delivered): return nil
    case (.givingUpAfterRetries, .retried(_, _, .parked, _, _, _)): return with(.delivered)
    case (.refusedBulkFailsItsItems, .separated(1..., let reason)): return with(.failed(status: 422, reason: reason))
    case (.bulkIsNeverSplit, .separated(1..., _)): return with(.passedOver(until: now))
    case (.halvesAreLost, .separated(1..., _)) where settlement.sequence.isMultiple(of: 2): return with(.delivered)
    case (.refusalsAreDropped, .failed): return with(.delivered)
    default: return settlement
    }
  }

  /// What is believed of the endpoint.
  func distort(_ endpoint: inout EndpointHealth) {
    switch (self, endpoint.state) {
    case (.everyLaneProbes, .unreachable), (.holdIsIgnored, .held), (.failingAPIIsStormed, .failing): endpoint = EndpointHealth()
    case (.windowIsIgnored, _): endpoint.window = EndpointHealth.open
    default: break
    }
  }

  /// What happens instead of `input`.
  func distort(_ input: inout TurnInput) {
    if self == .ringBreaksThePause, input.endpointRang { input.isFlush = true }
  }

  /// What is sent instead of `delivery`.
  func distort(_ delivery: Delivery) -> Delivery {
    guard self == .uncompleteInABulk, case .bulkSync(let program, var updates) = delivery.call, let last = updates.popLast() else {
      return delivery
    }
    updates.append(SessionUpdate(session: last.session, change: .uncomplete, recordedAt: last.recordedAt))
    return Delivery(call: .bulkSync(program, updates), writes: delivery.writes)
  }

  /// What is made of a reply that has no whole answer, and of an answer's meaning.
  func distort(_ outcome: DeliveryOutcome, of reply: SimulatedAPI.Reply) -> DeliveryOutcome {
    switch (self, reply, outcome) {
    case (.retryAfterIsIgnored, _, .throttled(let status, let reason, _)): .deferred(status: status, reason: reason)
    case (.cutAnswersAreDelivered, .cut, _): .delivered
    case (.denialsAreDelivered, .whole(let answer), .deferred) where answer.status == 200: .delivered
    default: outcome
    }
  }
}
