import ControlProtocol
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

extension LiveEvent {
  /// What those who watch are told of an event of the engine; nothing of what only the log says.
  static func all(from event: SyncEvent, at instant: Timestamp) -> [LiveEvent] {
    switch event {
    case .accepted(let file, let sender, let acceptance): acceptance.events(of: file, sender: sender, at: instant)
    case .refused(_, let sender, let reason, let storedAs):
      [
        LiveEvent(at: instant, kind: .rejected, text: "Rejected \(storedAs): \(reason)")
          .with { ($0.file, $0.sender, $0.reason) = (storedAs, sender, reason) }
      ]
    case .ignored, .boundReached, .boundLeft, .removalFailed, .setAside, .clearing: []
    case .retrying: []  // It is sent, which is told of every request.
    case .synced(let entry, _, _): [LiveEvent(.synced, "Synced", entry, at: instant)]
    case .attemptFailed(let entry, let failures, _, let status, let reason):
      [
        LiveEvent(.retrying, "Failed \(failures == 1 ? "once" : "\(failures) times"), is tried again", entry, reason: reason, at: instant)
          .with { ($0.attempt, $0.status) = (failures, status) }
      ]
    case .parked(let entry): [LiveEvent(.parked, "Parked, is tried again more seldom", entry, at: instant)]
    case .rejected(let entry, let status, let reason):
      [LiveEvent(.failed, "Refused by the API", entry, reason: reason, at: instant).with { $0.status = status }]
    case .discarded(let entry, let caller): [LiveEvent(.discarded, "Discarded by user \(caller), undelivered", entry, at: instant)]
    case .cleared(let count, let sender, let caller):
      [LiveEvent(cleared: count, sender, by: caller, at: instant)]
    case .suspended(let suspension):
      [
        LiveEvent(
          at: instant, kind: .paused,
          text:
            "Paused by user \(suspension.by): nothing is sent \(suspension.length.map { "for \($0.inWords)" } ?? "until somebody resumes")")
      ]
    case .resumed(let caller):
      [LiveEvent(at: instant, kind: .resumed, text: "Resumed\(caller.map { " by user \($0)" } ?? ": the time of the pause has come")")]
    case .retriedByHand, .flushed: []  // What comes of it is told.
    case .endpoint(let state): [LiveEvent(state, at: instant)]
    case .held(let hold, let account, _): [LiveEvent(hold, of: account, at: instant)]
    case .released(let account):
      [
        LiveEvent(
          at: instant, kind: .released,
          text: account.user.map { "Nothing that \(UserName($0)) dropped is held any more" } ?? "The API accepts us"
        ).with { $0.sender = account.user }
      ]
    case .storageFailed(let reason):
      [LiveEvent(at: instant, kind: .storage, text: "The spool or the queue cannot be used: \(reason)").with { $0.reason = reason }]
    case .storageRecovered: [LiveEvent(at: instant, kind: .storage, text: "The spool and the queue can be used again")]
    }
  }

  /// A request that starts now: an event for each of its writes.
  static func all(from delivery: Delivery, at instant: Timestamp) -> [LiveEvent] {
    delivery.writes.map { write in
      LiveEvent(.sent, "Sent", write.reference, at: instant).with { $0.attempt = write.failures > 0 ? write.failures : nil }
    }
  }

  init(_ kind: Kind, _ words: String, _ entry: EntryReference, reason: String? = nil, at instant: Timestamp) {
    self.init(at: instant, kind: kind, text: "\(words): \(entry.key)" + (reason.map { ": \($0)" } ?? ""))
    (id, key, program, sender) = (entry.sequence, "\(entry.key)", "\(entry.key.session.program)", entry.sender)
    self.reason = reason
  }

  /// Of somebody's entries, told to them; of everybody's, told to all, who need not know how many others have.
  private init(cleared count: Int, _ sender: UInt32?, by caller: UInt32, at instant: Timestamp) {
    let what = sender.map { "\(count) \(count == 1 ? "write" : "writes") of user \($0)" } ?? "everything that waited or had failed"
    self.init(at: instant, kind: .discarded, text: "Cleared by user \(caller): \(what), undelivered")
    self.sender = sender
  }

  private init(_ state: EndpointHealth.State, at instant: Timestamp) {
    switch state {
    case .reachable: self.init(at: instant, kind: .released, text: "The API answers")
    case .paused(let until, let reason):
      self.init(
        at: instant, kind: .paused, text: "The API cannot take more now: \(reason); nothing is sent for \((until - instant).inWords)")
      self.reason = reason
    case .failing(_, _, _, _, let reason):
      self.init(at: instant, kind: .unreachable, text: "The API takes nothing: \(reason)")
      self.reason = reason
    case .unreachable(_, _, _, let reason):
      self.init(at: instant, kind: .unreachable, text: "No answer from the API: \(reason)")
      self.reason = reason
    }
  }

  /// Of a user's own token, told to the user; of the common one, to all.
  private init(_ hold: Hold, of account: Account, at instant: Timestamp) {
    let what = account.user.map { "What \(UserName($0)) dropped is held" } ?? "The API does not accept us"
    self.init(at: instant, kind: .held, text: "\(what): \(hold.reason)")
    (status, reason, sender) = (hold.status, hold.reason, account.user)
  }

  private func with(_ change: (inout LiveEvent) -> Void) -> LiveEvent {
    var event = self
    change(&event)
    return event
  }
}

extension Acceptance {
  fileprivate func events(of file: String, sender: UInt32, at instant: Timestamp) -> [LiveEvent] {
    func event(_ kind: LiveEvent.Kind, _ words: String, _ entry: EntryReference) -> LiveEvent {
      var event = LiveEvent(kind, words, entry, at: instant)
      // A name that somebody else has given is not for the owner of what it takes the place of.
      if entry.sender == sender { event.file = file }
      return event
    }
    let outdated = outdated.map { key in
      var event = LiveEvent(at: instant, kind: .superseded, text: "Superseded: \(key): a value that was recorded later waits already")
      (event.key, event.program, event.sender, event.file) = ("\(key)", "\(key.session.program)", sender, file)
      return event
    }
    return superseded.map { event(.superseded, "Superseded by a newer write", $0) } + entries.map { event(.accepted, "Accepted", $0) }
      + outdated
  }
}
