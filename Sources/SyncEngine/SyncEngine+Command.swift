import ProgressModel
import SyncPolicy
import SyncStore

/// A command that is not done yet.
struct CommandUnderWay {
  let command: EngineCommand
  /// Where the next step goes on; nil before the first.
  var cursor: EntryCursor?
  var changed = 0
  var missing: [String] = []
  /// The scan of the spool that has to be taken in before; nil when there is none to wait for.
  var awaitedScan: Int?
  /// Fewer rows when the space that is reserved for settling is not enough.
  var rowsPerStep = SyncStore.rowsPerStep

  init(_ command: EngineCommand) {
    self.command = command
  }

  static let fewRows = 100

  var isDiscard: Bool { if case .discard = command.deed { true } else { false } }
}

extension SyncEngine {
  /// Whether something is being taken out of the queue, and so must not be started meanwhile.
  var isDiscarding: Bool { commands.contains(where: \.isDiscard) }

  /// Takes up a command; one that is about everything wants to see what lies in the spool first.
  mutating func take(_ command: EngineCommand, now: Timestamp) {
    var underWay = CommandUnderWay(command)
    if case .discard(let selection) = command.deed, selection.all {
      underWay.awaitedScan = scans + 1
      rescanAt = now
    }
    commands.append(underWay)
  }

  /// Does what was asked, in the order in which it was: one step of what takes several.
  mutating func perform(now: Timestamp, isStopping: Bool, _ turn: inout Turn) {
    while var underWay = commands.first {
      let outcome: CommandResult.Outcome?
      do {
        outcome = try step(&underWay, now: now, isStopping: isStopping, &turn)
      } catch SyncStoreError.full where underWay.rowsPerStep > CommandUnderWay.fewRows {
        underWay.rowsPerStep = CommandUnderWay.fewRows
        outcome = nil
      } catch {
        outcome = .failed(reason: "\(error)", changed: underWay.changed)
      }
      guard let outcome else {
        commands[0] = underWay
        return
      }
      commands.removeFirst()
      turn.results.append(CommandResult(id: underWay.command.id, outcome))
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
      if underWay.cursor == nil { wakeEndpoint(now: now) }
      let step = try store.retry(selection, of: command.sender, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
      guard underWay.take(step) else { return nil }
      if underWay.changed > 0 { turn.events.append(.retriedByHand(count: underWay.changed, by: command.caller)) }
      return underWay.done()
    case .discard(let selection):
      return try discard(selection, &underWay, now: now, isStopping: isStopping, &turn)
    case .suspend(let length):
      let suspension = Suspension(since: now, length: length, by: command.caller)
      try store.suspend(suspension)
      (self.suspension, hasRecalledSuspension) = (suspension, true)
      turn.events.append(.suspended(suspension))
      return .done(changed: 0)
    case .resume:
      try recallSuspension(now: now)
      guard suspension != nil else { return .done(changed: 0, remark: "nothing was paused") }
      try endSuspension(by: command.caller, &turn)
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
      if underWay.cursor == nil { wakeEndpoint(now: now) }
      let step = try store.flush(of: sender, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
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
    if underWay.cursor == nil, let awaited = underWay.awaitedScan {
      if isStopping { return .failed(reason: "the daemon is ending", changed: 0) }
      guard scans > awaited || (scans == awaited && !spool.hasMore) || troubles[.accept] != nil else { return nil }
    }
    let step = try store.discard(
      selection, of: command.sender, by: command.caller, from: underWay.cursor, atMost: underWay.rowsPerStep, now: now)
    if !selection.all { turn.events += step.entries.map { .discarded($0, by: command.caller) } }
    guard underWay.take(step) else { return nil }
    if selection.all { turn.events.append(.cleared(count: underWay.changed, sender: command.sender, by: command.caller)) }
    let trouble = selection.all ? troubles[.accept]?.reason : nil
    return underWay.done(remark: trouble.map { "what lies in the spool could not be taken in, and stays: \($0)" })
  }

  /// Acts on a reason to believe that the API can be reached, or accepts us, again.
  mutating func wakeEndpoint(now: Timestamp, breakingPause: Bool = false) {
    let before = endpoint.state
    endpoint.reset(now: now, breakingPause: breakingPause, underWay: inFlight.count - unsettled.count)
    if !endpoint.state.isOfSameKind(as: before) { endpointSince = nil }
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
    try endSuspension(by: nil, &turn)
    return false
  }

  private mutating func endSuspension(by caller: UInt32?, _ turn: inout Turn) throws {
    try store.resume()
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
