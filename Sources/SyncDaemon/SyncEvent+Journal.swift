import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

/// What the journal gets of an event beside its words.
extension SyncEvent {
  /// The event in pieces of one line each: a file of a thousand actions can be worth a thousand lines.
  var parts: [SyncEvent] {
    guard case .accepted(let file, let sender, let acceptance) = self else { return [self] }
    func part(_ change: (inout Acceptance) -> Void) -> SyncEvent {
      var part = Acceptance(claim: acceptance.claim)
      change(&part)
      return .accepted(file: file, sender: sender, part)
    }
    return acceptance.entries.map { entry in part { $0.entries = [entry] } }
      + acceptance.superseded.map { entry in part { $0.superseded = [entry] } }
      + acceptance.outdated.map { key in part { $0.outdated = [key] } }
      + acceptance.repeated.map { id in part { $0.repeated = [id] } }
  }

  /// The kind of its line. An acceptance is one of `parts`.
  var messageKind: MessageKind {
    switch self {
    case .accepted(_, _, let acceptance):
      if !acceptance.entries.isEmpty {
        .accepted
      } else if !acceptance.superseded.isEmpty {
        .replaced
      } else {
        acceptance.outdated.isEmpty ? .repeated : .superseded
      }
    case .refused: .refused
    case .ignored: .ignored
    case .boundReached: .boundReached
    case .boundLeft: .boundLeft
    case .retrying: .retrying
    case .synced(_, _, let failures): failures == 0 ? .synced : .retrySucceeded
    case .attemptFailed: .attemptFailed
    case .parked: .parked
    case .rejected: .rejected
    case .discarded: .discarded
    case .clearing: .clearing
    case .cleared: .cleared
    case .retriedByHand: .retriedByHand
    case .flushed: .flushed
    case .suspended: .paused
    case .resumed: .resumed
    case .setAside: .setAside
    case .endpoint(let state): state.messageKind
    case .held(_, let account, _): account == .common ? .apiHolds : .accountHeld
    case .released(let account): account == .common ? .apiAnswers : .accountReleased
    case .storageFailed: .storageFailed
    case .storageRecovered: .storageRecovered
    case .removalFailed: .removalFailed
    }
  }

  /// The native fields of its line.
  var fields: [JournalField: String] {
    switch self {
    case .accepted(let file, let sender, let acceptance):
      var fields = (acceptance.entries + acceptance.superseded).first?.fields ?? [.sender: "\(sender)"]
      if let key = acceptance.outdated.first { fields.merge(key.fields) { $1 } }
      fields[.actionID] = acceptance.repeated.first.map { "\($0)" }
      fields[.file] = file
      return fields
    case .refused(let file, let sender, let reason, let storedAs):
      return [.file: file, .sender: "\(sender)", .reason: reason, .rejectedAs: storedAs]
    case .ignored(let file, let reason): return [.file: file, .reason: reason]
    case .boundReached(let hold), .boundLeft(let hold):
      return [.sender: "\(hold.sender)", .bound: hold.bound.rawValue, .limit: "\(hold.limit)"]
    case .retrying(let entry, let attempt, _): return entry.fields(attempt: attempt)
    case .synced(let entry, _, 0): return entry.fields
    case .synced(let entry, _, let failures): return entry.fields(attempt: failures)
    case .attemptFailed(let entry, let failures, _, let status, let reason):
      return entry.fields(attempt: failures, status: status, reason: reason)
    case .parked(let entry): return entry.fields
    case .rejected(let entry, let status, let reason): return entry.fields(status: status, reason: reason)
    case .discarded(let entry, let caller): return entry.fields.merging([.caller: "\(caller)"]) { $1 }
    case .clearing(_, let caller): return [.caller: "\(caller)"]
    case .cleared(let count, _, let caller), .retriedByHand(let count, let caller): return [.entries: "\(count)", .caller: "\(caller)"]
    case .flushed(let caller, _): return [.caller: "\(caller)"]
    case .suspended(let suspension): return [.caller: "\(suspension.by)"]
    case .resumed(let caller): return caller.map { [.caller: "\($0)"] } ?? [:]
    case .setAside(let row): return [.entry: "\(row)"]
    case .endpoint(let state): return state.fields
    case .held(let hold, let account, let entries):
      var fields = account.fields.merging(hold.fields) { $1 }
      fields[.entries] = entries.map { "\($0)" }
      return fields
    case .released(let account): return account.fields
    case .storageFailed(let reason), .removalFailed(let reason): return [.reason: reason]
    case .storageRecovered: return [:]
    }
  }
}

extension WriteKey {
  fileprivate var fields: [JournalField: String] { [.key: "\(self)", .program: "\(session.program)"] }
}

extension EntryReference {
  fileprivate var fields: [JournalField: String] { fields() }

  fileprivate func fields(attempt: Int? = nil, status: Int? = nil, reason: String? = nil) -> [JournalField: String] {
    var fields = key.fields.merging([.entry: "\(sequence)", .sender: "\(sender)"]) { $1 }
    fields[.attempt] = attempt.map { "\($0)" }
    fields[.status] = status.map { "\($0)" }
    fields[.reason] = reason
    return fields
  }
}

extension EndpointHealth.State {
  fileprivate var messageKind: MessageKind {
    switch self {
    case .reachable: .apiAnswers
    case .paused: .apiPauses
    case .failing: .apiFails
    case .unreachable: .apiUnreachable
    }
  }

  fileprivate var fields: [JournalField: String] {
    switch self {
    case .reachable: [:]
    case .paused(let until, let reason), .failing(_, _, _, let until, let reason), .unreachable(_, _, let until, let reason):
      [.reason: reason, .until: until.rfc3339]
    }
  }
}

extension Account {
  fileprivate var fields: [JournalField: String] { user.map { [.account: "\($0)"] } ?? [:] }
}

extension Hold {
  fileprivate var fields: [JournalField: String] {
    var fields: [JournalField: String] = [.reason: reason]
    fields[.status] = status.map { "\($0)" }
    return fields
  }
}
