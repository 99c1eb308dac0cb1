package import ControlProtocol
package import ProgressModel

/// What the control socket's routes ask of the daemon.
///
/// Each answer holds no more than the caller may know. Throws `ControlRefusal`; any other error is answered as `unavailable`, in its own words.
package protocol ControlPort: Sendable {
  /// Its time does not grow with the queue.
  func status(for caller: Caller) async throws -> StatusReport
  /// Up to `limit` entries behind the one with the id `last`, in the order of acceptance, and fewer where much is in them; none mean that
  /// there are no more.
  func entries(matching filter: QueueFilter, for caller: Caller, after last: Int64, atMost limit: Int) async throws -> [QueueItem]
  /// Answers when the wished state is reached, or another that will not lead to it by itself, or when the time is over.
  func action(_ inquiry: ActionInquiry, for caller: Caller) async throws -> ActionReport
  /// What happens from now on, as far as `filter` lets it through and the caller may see it. Ends with `end()`, or with the daemon.
  func events(matching filter: EventFilter, for caller: Caller) -> EventMailbox
  /// Returns when it is done, and durable where it changes the queue.
  func perform(_ command: ControlCommand, for caller: Caller) async throws -> CommandReport

  func rejectedFiles(for caller: Caller) async throws -> [RejectedFile]
  func rejectedFile(named name: String, for caller: Caller) async throws -> [UInt8]
  func requeue(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport
  func discard(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport

  func configuration(for caller: Caller) async throws -> ConfigurationReport
  /// Prometheus text format.
  func metrics() async throws -> String
}

/// A question after an action that the caller has dropped.
package struct ActionInquiry: Hashable, Sendable {
  package let id: ActionID
  /// The keys of its writes, as `WriteKey` spells them.
  package let keys: [String]
  /// What is waited for; nil asks for the present state.
  package let wish: ActionReport.State?
  /// For how long at most.
  package let patience: Duration

  package init(id: ActionID, keys: [String] = [], wish: ActionReport.State? = nil, patience: Duration = .zero) {
    (self.id, self.keys, self.wish, self.patience) = (id, keys, wish, patience)
  }

  /// Whether a report ends the wait.
  package func isSettled(by state: ActionReport.State) -> Bool {
    switch state {
    case .unknown: wish == nil
    case .accepted: wish != .synced
    case .synced, .failed, .discarded: true
    }
  }
}

/// Which events somebody wants; a set that is empty narrows nothing down. What is about no entry and no file concerns everybody: how the API
/// stands is part of what becomes of a key.
package struct EventFilter: Hashable, Sendable {
  package var programs: Set<String>
  package var keys: Set<String>

  package init(programs: Set<String> = [], keys: Set<String> = []) {
    (self.programs, self.keys) = (programs, keys)
  }

  package func wants(_ event: LiveEvent) -> Bool {
    guard event.isAboutEntryOrFile else { return true }
    return (programs.isEmpty || event.program.map(programs.contains) ?? false) && (keys.isEmpty || event.key.map(keys.contains) ?? false)
  }
}

extension Caller {
  /// What is about an entry, a file or somebody's entries is theirs; what is about the daemon or the API is everybody's.
  package func maySee(_ event: LiveEvent) -> Bool {
    let isPrivate = event.isAboutEntryOrFile || event.sender != nil
    return !isPrivate || isAdministrator || event.sender == uid
  }
}
