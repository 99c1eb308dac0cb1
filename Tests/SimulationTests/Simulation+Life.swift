import SyncEngine
import SyncStore

extension Simulation {
  private enum Move {
    case drop, pass, mood, kill, cutPower, dieSoon, setClock, trouble, ringEndpoint, ringSpool, stopOrderly
  }

  /// Lives through `moves` of trouble, then waits until everything has calmed down. Returns the first broken promise.
  func live(moves: Int = 80) -> String? {
    start()
    for move in 1...moves {
      makeMove()
      if move.isMultiple(of: 16) { expectNothingLost() }
      if let violation = oracle.violation { return violation }
    }
    calmDown()
    return oracle.violation
  }

  private func makeMove() {
    let move: Move = hazards.pick(weighted: [
      (40, .drop), (40, .pass), (8, .mood), (2, .kill), (4, .cutPower), (5, .dieSoon), (2, .setClock), (3, .trouble), (1, .ringEndpoint),
      (2, .ringSpool), (1, .stopOrderly),
    ])
    switch move {
    case .drop: for _ in 0..<hazards.pick([1, 1, 1, 2, 8]) { drop() }
    case .pass:
      pass(milliseconds: hazards.pick([1, 40, 600, 600, 3_000, 3_000, 20_000, 20_000, 180_000, hazards.isCalm ? 1_800_000 : 180_000]))
    case .mood:
      api.mood = hazards.pick([.healthy] + SimulatedAPI.Mood.allCases)
      note("the API is \(api.mood)")
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
      turn(TurnInput(endpointRang: true))
    case .ringSpool: turn(TurnInput(spoolRang: true))
    case .stopOrderly:
      turn(TurnInput(isStopping: true))
      if isRunning { stop(cuttingPower: false, note: "stopped orderly") }
    }
  }

  private func drop() {
    let (text, actions) = clients.nextFile()
    let number = disk.drop(text, now: now)
    oracle.note(drop: disk.files[number], actions: actions)
    note("drop \(number): \(String(decoding: text, as: UTF8.self))")
    // Rarely a ring is lost; the slow rescan is there for that.
    if isRunning, !hazards.chance(0.02) { ringAt = elapsed + hazards.number(0...20) }
    if hazards.chance(0.7) { pass(milliseconds: hazards.number(0...30)) }
  }

  private func setClock() {
    let day = 86_400_000
    let step = hazards.pick([1_000, 60_000, 3_600_000, day, 100 * day]) * hazards.pick([1, -1])
    clockError += step
    // A wait that is measured by a clock ends early when the clock is set forward.
    if step > 0 { api.shortenSilence() }
    if step > 90 * day { oracle.noteClockLeap() }
    note("the clock is set by \(step) ms")
  }

  /// Faults stop; then everything has to be delivered in two hours, without anybody's doing.
  private func calmDown() {
    note("calm")
    hazards.stop()
    api.mood = .healthy
    let deadline = elapsed + 2 * 3_600_000
    let limit = oracle.requests + 1_000
    while oracle.violation == nil, !isDrained, elapsed < deadline {
      passToNextEvent()
      oracle.expect(oracle.requests < limit, "a healthy API gets requests without end")
    }
    let remains = (try? queue.store.pending()) ?? []
    oracle.expect(isDrained, "spool and queue are not empty two hours after the last trouble; in the queue: \(remains)")
    expectNothingLost()
  }

  private var isDrained: Bool {
    guard isRunning, api.underWay.isEmpty, oracle.hasTakenAll(from: disk.files), let counts = try? queue.counts() else { return false }
    return counts.pending == 0
  }
}
