package import SyncStore

/// What a person asks of the engine. It is done in steps, one a turn, and answered when all of it is durable.
package struct EngineCommand: Hashable, Sendable, Identifiable {
  /// By which the result is told from others.
  package let id: Int
  package let deed: Deed
  /// The user id of whoever asks.
  package let caller: UInt32
  /// Whose entries it may touch; nil: everybody's.
  package let sender: UInt32?

  package enum Deed: Hashable, Sendable {
    /// Sends everything now, whatever it waits for. When it may touch everybody's entries, a pause that the API asked for is broken too.
    case flush
    case retry(EntrySelection)
    /// Takes entries out of the queue, undelivered: none of them is started after the answer. All of them: what lies in the spool is taken in
    /// first, and when they are everybody's, nothing is started until it is done, for a minute at most.
    case discard(EntrySelection)
    /// Starts nothing until `resume`, or for this long, over restarts too.
    case suspend(for: Duration?)
    case resume
  }

  package init(id: Int, _ deed: Deed, caller: UInt32, sender: UInt32?) {
    (self.id, self.deed, self.caller, self.sender) = (id, deed, caller, sender)
  }
}

/// What a command came to.
package struct CommandResult: Hashable, Sendable {
  package let id: EngineCommand.ID
  package let outcome: Outcome

  package enum Outcome: Hashable, Sendable {
    /// `changed`: how many entries it was done to. `missing`: sequences and keys that it named and that are not there, or not the sender's.
    /// `remark`: what a person should know besides.
    case done(changed: Int, missing: [String] = [], remark: String? = nil)
    /// As things stand it cannot be done, and nothing has changed.
    case refused(reason: String)
    /// The disk refuses, or the daemon ends. `changed`: how many entries it was done to before.
    case failed(reason: String, changed: Int)
  }

  package init(id: EngineCommand.ID, _ outcome: Outcome) {
    (self.id, self.outcome) = (id, outcome)
  }
}
