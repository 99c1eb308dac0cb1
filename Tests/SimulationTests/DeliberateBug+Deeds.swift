import ProgressModel
@testable import SyncEngine
@testable import SyncPolicy
import SyncStore

extension DeliberateBug {
  /// Words of the violation that has to come of it.
  var brokenPromise: String {
    switch self {
    case .unlinkBeforeCommit, .acceptanceLosesTheLastFile, .recoveryTrustsEveryClaim: "is accepted before drop"
    case .claimsAreNotSynced, .receiptsGoTooEarly: "is accepted twice"
    case .settlementIsNotRecorded: "is sent again after its delivery was settled"
    case .popBeforeSend, .retryOvertakesNewer, .givingUpAfterRetries, .halvesAreLost, .refusalsAreDropped, .cutAnswersAreDelivered,
      .denialsAreDelivered:
      "is neither queued nor applied"
    case .noLane: "two requests are under way for one session"
    case .valuesAreMadeUp: "was never dropped"
    case .retryAfterIsIgnored, .pauseIsNotStored, .ringBreaksThePause: "before the silence that was asked for is over"
    case .busyLoop: "turns without time passing"
    case .sessionTwiceInABulk: "a session is twice in one request"
    case .uncompleteInABulk: "a bulk-sync carries what it must not"
    case .refusedBulkFailsItsItems, .failureBlocksItsKey: "is listed as failed, and the API never refused it by itself"
    case .bulkIsNeverSplit, .companionsAreNotSeparated: "again, and was refused so"
    case .everyLaneProbes, .holdIsIgnored, .failingAPIIsStormed: "a storm"
    case .windowIsIgnored: "requests are under way after a trouble"
    case .programsHaveNoTurns: "has no turn"
    case .freshStarves: "is fresh and starves"
    case .repetitionIsAnotherRequest: "stands for two different requests"
    case .clockIsTrusted: "are not empty two hours after the last trouble"
    case .fullDiskStopsDeliveries: "a full disk stops deliveries"
    case .discardIsNotCounted: "the totals do not agree with the queue"
    case .discardTouchesOthers: "was not to be discarded, and is"
    case .clearingLeavesTheSpool: "is accepted after everything was cleared"
    case .retryKeepsTheRefusedID: "is asked again under the id that was refused"
    case .everybodyIsCommon: "goes out with the token of"
    case .keysIgnoreAccounts: "is neither queued nor applied"
    case .lostTokensAreForgotten: "is accepted for common instead of user"
    case .holdStopsEverybody: "waits for the token of another"
    case .suspensionIsNotStored: "is called while sending is suspended"
    }
  }
}

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
    case (.companionsAreNotSeparated, .retried(let dueAt, let failures, let state, _, let status, let reason)):
      return with(.retried(at: dueAt, failures: failures, state: state, companyLimit: nil, status: status, reason: reason))
    default: return settlement
    }
  }

  /// What is believed of the endpoint.
  func distort(_ endpoint: inout EndpointHealth, on input: TurnInput) {
    switch (self, endpoint.state) {
    case (.everyLaneProbes, .unreachable), (.failingAPIIsStormed, .failing):
      (endpoint, endpoint.window) = (EndpointHealth(), 1)
    case (.ringBreaksThePause, .paused) where input.endpointRang: (endpoint, endpoint.window) = (EndpointHealth(), 1)
    case (.windowIsIgnored, _): endpoint.window = EndpointHealth.open
    default: break
    }
  }

  /// What is believed of a token.
  func distort(_ desk: AccountDesk) -> AccountDesk {
    var desk = desk
    if self == .holdIsIgnored { desk.token.reset() }
    return desk
  }

  /// What is sent instead of `delivery`.
  func distort(_ delivery: Delivery, at instant: Int) -> Delivery {
    switch (self, delivery.call) {
    case (.everybodyIsCommon, _): return Delivery(call: delivery.call, account: .common, writes: delivery.writes)
    case (.uncompleteInABulk, .bulkSync(let program, var updates)):
      guard let last = updates.popLast() else { return delivery }
      updates.append(SessionUpdate(session: last.session, change: .uncomplete, recordedAt: last.recordedAt))
      return Delivery(call: .bulkSync(program, updates), account: delivery.account, writes: delivery.writes)
    case (.repetitionIsAnotherRequest, .single(let update)):
      let recordedAt = update.recordedAt + .milliseconds(instant)
      return Delivery(
        call: .single(SessionUpdate(session: update.session, change: update.change, recordedAt: recordedAt)), account: delivery.account,
        writes: delivery.writes)
    default: return delivery
    }
  }

  /// What is made of a reply that has no whole answer, and of an answer's meaning.
  func distort(_ outcome: DeliveryOutcome, of reply: SimulatedAPI.Reply) -> DeliveryOutcome {
    switch (self, reply, outcome) {
    case (.retryAfterIsIgnored, _, .throttled(let status, let reason, _)): .throttled(status: status, reason: reason, retryAfter: nil)
    case (.cutAnswersAreDelivered, .cut, _): .delivered
    case (.denialsAreDelivered, .whole(let answer), .deferred) where answer.status == 200: .delivered
    default: outcome
    }
  }
}
