import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

extension Simulation {
  private enum Move {
    case drop, pass, mood, kill, cutPower, dieSoon, setClock, trouble, ringEndpoint, ringSpool, stopOrderly, flush, restartAPI, ask, tokens,
      refusal
  }

  /// Lives through trouble, then waits until everything has calmed down. Returns the first broken promise.
  func live(moves: Int = 50) -> String? {
    start()
    if circumstances.hasBacklog { sitOutAnOutage() }
    for move in 1...(circumstances.hasBacklog ? 10 : moves) where oracle.violation == nil {
      makeMove()
      if move.isMultiple(of: 16) { expectNothingLost() }
    }
    if oracle.violation == nil { calmDown() }
    return oracle.violation
  }

  /// Hours without the API, in which much is dropped; what comes while it is worked off must not be behind it.
  private func sitOutAnOutage() {
    for _ in 0..<hazards.number(0...4) { makeMove() }
    hazards.stop()
    turnAPI(.down)
    for _ in 0..<hazards.number(1...3) {
      drop(clients.backlog())
      pass(milliseconds: hazards.pick([700, 60_000, 900_000, 3_600_000]))
    }
    if hazards.chance(0.3), isRunning { stop(cuttingPower: true, note: "stopped") }
    for _ in 0..<3 { drop(clients.nextFile()) }
    pass(milliseconds: 30_000)
    turnAPI(hazards.pick([.healthy, .slow, .slow, .againstBulks, .strict, .denying, .busy, .flaky]))
    for _ in 0..<12 where oracle.violation == nil {
      if hazards.chance(0.4) { drop(clients.nextFile()) }
      pass(milliseconds: hazards.pick([100, 600, 3_000, 10_000]))
    }
  }

  private func makeMove() {
    let move: Move = hazards.pick(weighted: [
      (40, .drop), (40, .pass), (8, .mood), (2, .kill), (4, .cutPower), (5, .dieSoon), (2, .setClock), (3, .trouble), (4, .ringEndpoint),
      (2, .ringSpool), (1, .stopOrderly), (1, .flush), (2, .restartAPI), (5, .ask),
      (4, .tokens), (3, .refusal),
    ])
    switch move {
    case .drop: for _ in 0..<hazards.pick([1, 1, 1, 2, 8]) { drop(clients.nextFile()) }
    case .pass:
      pass(milliseconds: hazards.pick([1, 40, 600, 600, 3_000, 3_000, 20_000, 20_000, 180_000, hazards.isCalm ? 1_800_000 : 180_000]))
    case .mood:
      turnAPI(hazards.pick([.healthy, .healthy] + SimulatedAPI.Mood.allCases))
    case .kill: if isRunning { stop(cuttingPower: false, note: "killed") }
    case .cutPower: if isRunning { stop(cuttingPower: true, note: "stopped") }
    case .dieSoon: hazards.effectsUntilDeath = hazards.number(1...15)
    case .setClock: setClock()
    case .trouble:
      hazards.isDiskFull = hazards.chance(0.3)
      hazards.failureRate = hazards.pick([0, 0, 0.05, 0.3])
      note("the disk is \(hazards.isDiskFull ? "full" : "not full") and fails at a rate of \(hazards.failureRate)")
    case .ringEndpoint:
      note("endpoint rings")
      oracle.noteRing(underWay: api.underWay.count)
      turn(TurnInput(endpointRang: true))
    case .flush:
      note("flush")
      oracle.noteRing(underWay: api.underWay.count)
      if isRunning { api.shortenSilence() }
      turn(TurnInput(isFlush: true))
    case .restartAPI:
      note("the API starts again")
      api.restart(at: elapsed)
    case .ask: ask(wish, sender: hazards.pick([nil, nil, 1000, 1001]))
    case .tokens: give(tokens: Set(circumstances.users.filter { _ in hazards.chance(0.5) }))
    case .refusal:
      guard circumstances.hasTokens else { break }
      refuse(hazards.pick([nil, .common, .user(1_000), .user(1_001)]))
    case .ringSpool: turn(TurnInput(spoolRang: true))
    case .stopOrderly:
      turn(TurnInput(isStopping: true))
      if isRunning { stop(cuttingPower: false, note: "stopped orderly") }
    }
  }

  private var wish: EngineCommand.Deed {
    switch hazards.number(1...12) {
    case 1...3: .retry(selection)
    case 4: .retry(EntrySelection(allFailed: true))
    case 5, 6: .discard(selection)
    case 7: .discard(EntrySelection(all: true))
    case 8: .suspend(for: nil)
    case 9: .suspend(for: .milliseconds(hazards.pick([1, 5_000, 60_000, 600_000])))
    case 10, 11: .resume
    default: .flush
    }
  }

  /// Some of what stands in the queue, and what does not.
  private var selection: EntrySelection {
    let entries = (try? queue.store.entries(sender: nil, atMost: .max)) ?? []
    let named = entries.filter { _ in hazards.chance(0.4) }
    var selection = EntrySelection(allFailed: hazards.chance(0.3), all: hazards.chance(0.1))
    for entry in named {
      if hazards.chance(0.5) { selection.sequences.append(entry.sequence) } else { selection.keys.append(entry.key) }
    }
    if hazards.chance(0.2) { (selection.sequences, selection.keys) = (selection.sequences + [9_999], selection.keys + ["complete-p9-1-1"]) }
    return selection
  }

  private func turnAPI(_ mood: SimulatedAPI.Mood) {
    api.turn(mood, at: elapsed)
    note("the API is \(mood)")
  }

  private func drop(_ file: (text: [UInt8], actions: [Action]), by owner: UInt32? = nil) {
    api.doomed = clients.doomed
    // An id is its sender's; all ids here are of the same one.
    let sender: UInt32 = owner ?? (file.actions.contains { $0.id != nil } || hazards.chance(0.5) ? 1000 : hazards.pick([1001, 1002]))
    let number = disk.drop(file.text, sender: sender, now: now)
    oracle.note(drop: disk.files[number], actions: file.actions)
    note("drop \(number): \(String(decoding: file.text, as: UTF8.self))")
    // Rarely a ring is lost; the slow rescan is there for that.
    if isRunning, !hazards.chance(0.02) { ringAt = elapsed + hazards.number(0...20) }
    if hazards.chance(0.7) { pass(milliseconds: hazards.number(0...30)) }
  }

  private func refuse(_ account: Account?) {
    api.refused = account
    note("the API refuses the token of \(account.map { "\($0)" } ?? "nobody")")
  }

  private func setClock() {
    let day = 86_400_000
    let step = hazards.pick([1_000, 60_000, 3_600_000, day, 100 * day]) * hazards.pick([1, -1])
    clockError += step
    // A wait that is measured by a clock ends early when the clock is set forward.
    if step > 0 { api.shortenSilence() }
    oracle.noteClockStep(by: step)
    note("the clock is set by \(step) ms")
  }

  /// Faults stop; then everything that the API takes has to be delivered in two hours, without anybody's doing. After that, newer actions
  /// take the place of what it does not take.
  private func calmDown() {
    note("calm")
    hazards.stop()
    turnAPI(.healthy)
    resumeWhatHasNoEnd()
    if circumstances.hasTokens {
      if hazards.chance(0.3) { deliverBesideAHold() }
      refuse(nil)
      give(tokens: Set(circumstances.users))
    }
    if hazards.chance(0.1) { deliverOnAFullDisk() }
    passUntilDrained()
    expectNothingLost()
    let left = Dictionary(grouping: rows.compactMap { oracle.known($0.id) }, by: \.sender)
    guard oracle.violation == nil, !left.isEmpty else { return }
    for (sender, writes) in left.sorted(by: { $0.key < $1.key }) {
      note("newer actions for \(writes.count) keys of \(sender)")
      drop(clients.remedy(for: writes.map(\.write.key)), by: sender)
    }
    if ringAt == nil { ringAt = elapsed }
    passUntilDrained()
    oracle.expect(rows.isEmpty, "a newer action does not take the place of what was refused: \(listing)")
  }

  /// What a person has stopped for good only a person starts again.
  private func resumeWhatHasNoEnd() {
    while oracle.violation == nil, oracle.wishes.suspendedUntil == .max {
      passToNextEvent()
      ask(.resume, sender: nil)
    }
  }

  /// Nothing can be accepted, and what was accepted is delivered all the same.
  private func deliverOnAFullDisk() {
    note("the disk is full, and nothing else is wrong")
    hazards.isDiskFull = true
    pass(milliseconds: 25 * 60_000)
    oracle.expect(rows.allSatisfy(isLeft), "a full disk stops deliveries; in the queue: \(listing)")
    hazards.stop()
  }

  /// One token is refused, others are missing, and everything else is delivered all the same.
  private func deliverBesideAHold() {
    refuse(hazards.pick([.common, .user(1_000)]))
    for _ in 0..<4 { drop(clients.nextFile()) }
    pass(milliseconds: 25 * 60_000)
    for row in rows where !isLeft(row) {
      guard let account = oracle.account(of: row.id), account != api.refused else { continue }
      if case .user(let user) = account, !oracle.tokens.contains(user) { continue }
      oracle.expect(false, "\(oracle.write(row.id).map { "\($0.key)" } ?? row.id) of \(account) waits for the token of another")
    }
  }

  private func passUntilDrained() {
    let deadline = elapsed + 2 * 3_600_000
    let limit = oracle.requests + 1_000
    while oracle.violation == nil, !isDrained, elapsed < deadline {
      passToNextEvent()
      oracle.expect(oracle.requests < limit, "a healthy API gets requests without end")
    }
    oracle.expect(isDrained, "spool and queue are not empty two hours after the last trouble; in the queue: \(listing)")
  }

  /// Whether nothing is left to do but to try again what the API will never take.
  private var isDrained: Bool {
    guard isRunning, pending == nil, api.underWay.isEmpty, oracle.hasTakenAll(from: disk.files), let counts = try? queue.counts() else {
      return false
    }
    guard counts.pending > 0, !api.doomed.isEmpty else { return counts.pending == 0 }
    return rows.allSatisfy(isLeft)
  }

  /// Whether it stays in the queue, however healthy the API is.
  private func isLeft(_ row: QueueRow) -> Bool {
    row.isFailed || oracle.write(row.id).map { api.doomed[$0.value] != nil } ?? false
  }

  private var rows: [QueueRow] { (try? queue.store.rows()) ?? [] }

  private var listing: [String] {
    rows.map { row in (oracle.write(row.id).map { "\($0.key)" } ?? row.id) + (row.isFailed ? ", failed" : "") }
  }
}
