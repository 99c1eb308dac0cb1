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
}

/// How things stand after a turn.
package struct EngineStatus: Hashable, Sendable {
  package let counts: QueueCounts
  package let endpoint: EndpointHealth.State
  /// Since when; nil while nothing has been answered since the start, or since there was reason to try anew: then `endpoint` is a guess.
  package let endpointSince: Timestamp?
  /// Requests that are under way.
  package let inFlight: Int
  /// A person's wish that nothing is sent.
  package let suspension: Suspension?
  /// Why the disk cannot be used at present.
  package let storageTrouble: String?

  package init(
    counts: QueueCounts, endpoint: EndpointHealth.State, endpointSince: Timestamp? = nil, inFlight: Int = 0, suspension: Suspension? = nil,
    storageTrouble: String? = nil
  ) {
    (self.counts, self.endpoint, self.endpointSince, self.inFlight) = (counts, endpoint, endpointSince, inFlight)
    (self.suspension, self.storageTrouble) = (suspension, storageTrouble)
  }
}
