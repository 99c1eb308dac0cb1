import ProgressModel
import SyncPolicy
import SyncStore

/// A command that is not done yet.
struct CommandUnderWay {
  let command: EngineCommand
  let takenAt: Timestamp
  /// Where the next step goes on; nil before the first.
  var cursor: EntryCursor?
  var changed = 0
  var missing: [String] = []
  /// The scan of the spool that has to be taken in before; nil when there is none to wait for.
  var awaitedScan: Int?
  /// Fewer rows when the space that is reserved for settling is not enough.
  var rowsPerStep = SyncStore.rowsPerStep

  init(_ command: EngineCommand, takenAt: Timestamp) {
    (self.command, self.takenAt) = (command, takenAt)
  }

  static let fewRows = 100
  private static let longestHold = Duration.seconds(60)
  /// How long it waits for the spool: a small part of what a client waits for its answer, as `SocketClient.Timeouts.change` says.
  static let longestWait = Duration.seconds(45)

  /// Whether nothing is started meanwhile: an administrator who discards everything wants none of it sent. It is a courtesy, and so neither
  /// others' to ask for nor without an end; nothing depends on it, as the answer comes when nothing of what was meant is left to be started.
  func holdsSending(now: Timestamp) -> Bool {
    guard case .discard(let selection) = command.deed, selection.all, command.sender == nil else { return false }
    return (takenAt..<takenAt + Self.longestHold).contains(now)
  }
}

extension SyncEngine {
  /// Takes up a command; one that is about everything wants to see what lies in the spool first.
  mutating func take(_ command: EngineCommand, now: Timestamp) {
    var underWay = CommandUnderWay(command, takenAt: now)
    if case .discard(let selection) = command.deed, selection.all {
      underWay.awaitedScan = scans + 1
      rescanAt = now
    }
    commands.append(underWay)
  }

  /// Does one step of what was asked first: however much is asked, no turn takes long. What waits for the spool keeps no other waiting.
  mutating func perform(now: Timestamp, isStopping: Bool, _ turn: inout Turn) {
    guard let index = commands.firstIndex(where: { isStopping || !awaitsSpool($0, now: now) }) else { return }
    var underWay = commands[index]
    let outcome: CommandResult.Outcome?
    do {
      outcome = try step(&underWay, now: now, isStopping: isStopping, &turn)
    } catch SyncStoreError.full where underWay.rowsPerStep > CommandUnderWay.fewRows {
      underWay.rowsPerStep = CommandUnderWay.fewRows
      outcome = nil
    } catch {
      outcome = .failed(reason: "\(error)", changed: underWay.changed)
    }
    if let outcome {
      commands.remove(at: index)
      turn.results.append(CommandResult(id: underWay.command.id, outcome))
    } else {
      commands[index] = underWay
    }
  }

  /// Returns nil when there is more to do.
  private mutating func step(
    _ underWay: inout CommandUnderWay, now: Timestamp, isStopping: Bool, _ turn: inout Turn
  ) throws -> CommandResult.Outcome? {
    let command = underWay.command
    switch command.deed {
    case .flush:
      if let refusal = try refusalOfFlush(now: now) { return .refused(reason: refusal) }
      return try flush(&underWay, now: now, &turn)
    case .retry(let selection):
      let step = try store.retry(selection, of: command.sender, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
      wakeEndpoint(after: step, of: underWay, now: now)
      guard underWay.take(step) else { return nil }
      if underWay.changed > 0 { turn.events.append(.retriedByHand(count: underWay.changed, by: command.caller)) }
      return underWay.done()
    case .discard(let selection):
      return try discard(selection, &underWay, now: now, isStopping: isStopping, &turn)
    case .suspend(let length):
      let suspension = Suspension(since: now, length: length, by: command.caller)
      try store.suspend(suspension)
      (self.suspension, hasRecalledSuspension, mustForgetSuspension) = (suspension, true, false)
      turn.events.append(.suspended(suspension))
      return .done(changed: 0)
    case .resume:
      try recallSuspension(now: now)
      guard suspension != nil else { return .done(changed: 0, remark: "nothing was paused") }
      try store.resume()
      endSuspension(by: command.caller, &turn)
      return .done(changed: 0)
    }
  }

  private mutating func refusalOfFlush(now: Timestamp) throws -> String? {
    try recallSuspension(now: now)
    guard let suspension, !suspension.hasEnded(now: now) else { return nil }
    return "sending is paused\(suspension.until.map { " until \($0)" } ?? ""); resume it first"
  }

  private mutating func flush(_ underWay: inout CommandUnderWay, now: Timestamp, _ turn: inout Turn) throws -> CommandResult.Outcome? {
    let command = underWay.command
    if let sender = command.sender {
      let step = try store.flush(of: sender, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
      wakeEndpoint(after: step, of: underWay, now: now)
      guard underWay.take(step) else { return nil }
    } else {
      if underWay.cursor == nil, underWay.changed == 0 {
        wakeEndpoint(now: now, breakingPause: true)
        hasRecalled = true
        underWay.changed = try store.counts().pending
      }
      guard try !store.flush(pause: endpoint.pause, now: now) else { return nil }
    }
    turn.events.append(.flushed(by: command.caller, sender: command.sender))
    return underWay.done()
  }

  private mutating func discard(
    _ selection: EntrySelection, _ underWay: inout CommandUnderWay, now: Timestamp, isStopping: Bool, _ turn: inout Turn
  ) throws -> CommandResult.Outcome? {
    let command = underWay.command
    if isStopping, awaitsSpool(underWay, now: now) { return .failed(reason: "the daemon is ending", changed: 0) }
    let step = try store.discard(
      selection, of: command.sender, by: command.caller, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
    if !selection.all { turn.events += step.entries.map { .discarded($0, by: command.caller) } }
    let isFirst = underWay.cursor == nil
    guard underWay.take(step) else {
      if selection.all, isFirst { turn.events.append(.clearing(sender: command.sender, by: command.caller)) }
      return nil
    }
    if selection.all { turn.events.append(.cleared(count: underWay.changed, sender: command.sender, by: command.caller)) }
    return underWay.done(remark: selection.all ? remarkOnSpool(of: command.sender) : nil)
  }

  /// What of the spool was not there to be discarded.
  private func remarkOnSpool(of sender: UInt32?) -> String? {
    if !spool.hasTakenListing(of: sender) { return "more is dropped than can be taken in at once; once it is in, clear again" }
    if let trouble = troubles[.accept]?.reason { return "what lies in the spool could not be taken in, and stays: \(trouble)" }
    let isBounded = sender.map { boundsOfSenders[$0] != nil } ?? !boundsOfSenders.isEmpty
    return isBounded ? "files that a bound keeps in incoming/ are taken in now; once they are, clear again" : nil
  }

  /// Whether what lies in the spool is to be taken in before: as far as the caller's it is, and not for ever, as others go on dropping.
  private func awaitsSpool(_ underWay: CommandUnderWay, now: Timestamp) -> Bool {
    guard underWay.cursor == nil, let awaited = underWay.awaitedScan, troubles[.accept] == nil else { return false }
    let patience = underWay.takenAt..<underWay.takenAt + CommandUnderWay.longestWait
    return patience.contains(now) && !(scans >= awaited && spool.hasTakenListing(of: underWay.command.sender))
  }

  /// Tries the API anew for entries that were changed, once a command. Of those who are no administrators, one a second does so, and whoever
  /// comes earlier then: a loop of commands must not become a storm of requests.
  private mutating func wakeEndpoint(after step: EntryStep, of underWay: CommandUnderWay, now: Timestamp) {
    guard step.changed > 0, underWay.changed == 0 else { return }
    if underWay.command.sender != nil, let wokenAt, (wokenAt..<wokenAt + Self.wakeInterval).contains(now) {
      wakesAt = wokenAt + Self.wakeInterval
      if let sender = underWay.command.sender { wakingSenders.insert(sender) }
    } else {
      wakeEndpoint(now: now, senders: underWay.command.sender.map { [$0] })
    }
  }

  /// Acts on a reason to believe that the API can be reached, or accepts us, again. `senders`: who gives it, and can speak for no other
  /// accounts than theirs; nil: for all.
  mutating func wakeEndpoint(now: Timestamp, breakingPause: Bool = false, senders: Set<UInt32>? = nil) {
    (wokenAt, wakesAt, wakingSenders) = (now, nil, [])
    let before = endpoint.state
    endpoint.reset(now: now, breakingPause: breakingPause, underWay: inFlight.count - unsettled.count)
    if !endpoint.state.isOfSameKind(as: before) { endpointSince = nil }
    for account in senders.map({ [.common] + $0.map { .user($0) } }) ?? Array(desks.keys) { desks[account]?.token.reset() }
    (mustRelease, lacksBulkSync) = (true, false)
  }
}

/// A person's wish that nothing is sent.
extension SyncEngine {
  /// Takes up what an earlier life was asked for.
  mutating func recallSuspension(now: Timestamp) throws {
    guard !hasRecalledSuspension else { return }
    suspension = try store.suspension()
    suspension?.clamp(now: now)
    hasRecalledSuspension = true
  }

  /// Whether nothing may be started now; ends a suspension whose time has come.
  mutating func isSuspended(now: Timestamp, _ turn: inout Turn) throws -> Bool {
    try recallSuspension(now: now)
    guard let suspension else { return false }
    guard suspension.hasEnded(now: now) else {
      turn.wakeAt = suspension.until
      return true
    }
    // In the queue a little later: a wish that is over stops nothing, also while the disk refuses to forget it.
    mustForgetSuspension = true
    endSuspension(by: nil, &turn)
    return false
  }

  private mutating func endSuspension(by caller: UInt32?, _ turn: inout Turn) {
    suspension = nil
    turn.events.append(.resumed(by: caller))
  }
}

extension CommandUnderWay {
  /// Returns whether `step` was the last one.
  fileprivate mutating func take(_ step: EntryStep) -> Bool {
    changed += step.changed
    missing += step.missing
    cursor = step.next
    return step.next == nil
  }

  fileprivate func done(remark: String? = nil) -> CommandResult.Outcome { .done(changed: changed, missing: missing, remark: remark) }
}
