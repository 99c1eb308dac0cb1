package import ProgressModel
package import SyncPolicy
package import SyncStore

/// A request that was made, and what it came to.
package struct Answer: Hashable, Sendable {
  package let delivery: Delivery
  package let outcome: DeliveryOutcome
  /// Whether it was made under the configuration in force: an old token tells nothing about the API now.
  package var isCurrent = true
  /// Whether it came from the API in force: what another one refuses or asks for binds nobody here.
  package var isOfThisAPI = true

  package init(_ delivery: Delivery, _ outcome: DeliveryOutcome) {
    (self.delivery, self.outcome) = (delivery, outcome)
  }
}

/// What has happened since the last turn. Rings only say where to look: a lost or doubled one costs nothing.
package struct TurnInput: Sendable {
  package var answers: [Answer]
  /// The spool's directory has changed.
  package var spoolRang: Bool
  /// There is reason to believe that the API can be reached, or accepts us, again. A pause that it asked for stands.
  package var endpointRang: Bool
  /// Everything is to be sent now, whatever it waits for: a person asks, or it is another API from now on.
  package var isFlush: Bool
  /// What people ask for.
  package var commands: [EngineCommand]
  /// The daemon is about to end: nothing new is started.
  package var isStopping: Bool

  package init(
    answers: [Answer] = [], spoolRang: Bool = false, endpointRang: Bool = false, isFlush: Bool = false, commands: [EngineCommand] = [],
    isStopping: Bool = false
  ) {
    (self.answers, self.spoolRang, self.endpointRang) = (answers, spoolRang, endpointRang)
    (self.isFlush, self.commands, self.isStopping) = (isFlush, commands, isStopping)
  }
}

/// What a turn decided.
package struct Turn: Sendable {
  /// The requests to start now; each one's answer belongs into a later turn.
  package var deliveries: [Delivery] = []
  /// When the next turn is due, if nothing happens before.
  package var wakeAt: Timestamp?
  /// What is worth saying, in the order in which it happened.
  package var events: [SyncEvent] = []
  /// Commands that are done, or will not be; what they changed is durable.
  package var results: [CommandResult] = []

  /// Has the next turn made at an instant, or before.
  mutating func wake(at instant: Timestamp) {
    wakeAt = min(wakeAt ?? instant, instant)
  }
}

/// How things stand after a turn.
package struct EngineStatus: Hashable, Sendable {
  package let counts: QueueCounts
  package let endpoint: EndpointHealth.State
  /// Since when; nil while nothing has been answered since the start, or since there was reason to try anew: then `endpoint` is a guess.
  package let endpointSince: Timestamp?
  /// The common account, and all others that have a token or something in the queue, in their order.
  package let accounts: [AccountStatus]
  /// Requests that are under way.
  package let inFlight: Int
  /// A person's wish that nothing is sent.
  package let suspension: Suspension?
  /// Whose files stay in `incoming/`, by user id.
  package let reachedBounds: [ReachedBound]
  /// Why the disk cannot be used at present.
  package let storageTrouble: String?

  package init(
    counts: QueueCounts, endpoint: EndpointHealth.State, endpointSince: Timestamp? = nil, accounts: [AccountStatus] = [], inFlight: Int = 0,
    suspension: Suspension? = nil, reachedBounds: [ReachedBound] = [], storageTrouble: String? = nil
  ) {
    (self.counts, self.endpoint, self.endpointSince, self.inFlight) = (counts, endpoint, endpointSince, inFlight)
    (self.accounts, self.suspension, self.storageTrouble) = (accounts, suspension, storageTrouble)
    self.reachedBounds = reachedBounds
  }
}

/// How one account stands.
package struct AccountStatus: Hashable, Sendable {
  package let account: Account
  /// Why nothing goes out with its token; nil while nothing is known against it.
  package let hold: Hold?
  /// How many rows it has in the queue, in whatever state.
  package let rows: Int

  package init(_ account: Account, hold: Hold? = nil, rows: Int = 0) {
    (self.account, self.hold, self.rows) = (account, hold, rows)
  }
}
