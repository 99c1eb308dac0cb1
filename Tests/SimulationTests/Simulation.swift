import ProgressModel
@testable import SyncEngine
import SyncPolicy
import SyncStore
import TestSupport

/// A machine, its clients, its disk and its API in virtual time, all driven by one seed: the same seed gives the same life.
final class Simulation {
  let hazards: Hazards
  let oracle: Oracle
  let disk = SpoolDisk()
  let api: SimulatedAPI
  let queue: SimulatedQueue
  let bug: DeliberateBug?
  private(set) var settings: EngineSettings
  let circumstances: Circumstances
  var clients: Clients
  private(set) var engine: SyncEngine<SimulatedSpool, SimulatedQueue>?

  /// Virtual time that has passed, in milliseconds; no clock step changes it.
  private(set) var elapsed = 0 {
    didSet { oracle.elapsed = elapsed }
  }
  /// How far the machine's clock is off, in milliseconds.
  var clockError = 0
  private var wakeAt: Int?
  /// What somebody has asked for and waits for.
  private(set) var pending: EngineCommand?
  var ringAt: Int?
  private var startsAt: Int? = 0
  private var turnsAtOnce = 0
  private(set) var turns = 0
  /// The last events; kept only while a failure is replayed.
  private(set) var trace: [String]?

  private static let turnsWithoutTime = 200

  init(seed: UInt64, bug: DeliberateBug?, store: SyncStore, isTraced: Bool) {
    hazards = Hazards(seed: seed)
    (self.bug, trace) = (bug, isTraced ? [] : nil)
    circumstances = Circumstances(hazards: hazards, hasBacklog: bug?.needsBacklog == true ? true : nil)
    var settings = EngineSettings(
      debounce: DebouncePolicy(
        complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2),
        maxWait: .seconds(5)),
      retry: RetryPolicy(backoff: [.seconds(1), .seconds(5), .seconds(15)], parkedInitial: .seconds(60), parkedMax: .seconds(900)),
      maximumConcurrentRequests: hazards.number(1...8), rescanInterval: hazards.pick([.seconds(60), .seconds(600)]))
    settings.filesPerBatch = hazards.number(1...6)
    self.settings = settings
    oracle = Oracle(
      lanes: settings.maximumConcurrentRequests, programs: Set(circumstances.sessions.map(\.program)).count,
      accounts: circumstances.hasTokens ? circumstances.users.count + 1 : 1)
    api = SimulatedAPI(hazards: hazards, oracle: oracle, circumstances: circumstances)
    queue = SimulatedQueue(store: store, hazards: hazards, oracle: oracle, bug: bug)
    clients = Clients(hazards: hazards, circumstances: circumstances)
  }

  /// What the machine's clock shows.
  var now: Timestamp { Timestamp(milliseconds: 1_769_614_200_000 + Int64(elapsed + clockError)) }

  var isRunning: Bool { engine != nil }

  /// Lets time pass, and happen what is due.
  func pass(milliseconds: Int) {
    let end = elapsed + milliseconds
    while oracle.violation == nil, let next = nextEvent, next <= end { happen(at: next) }
    advance(to: end)
  }

  /// Lets the next thing happen, whenever that is.
  func passToNextEvent() {
    if let nextEvent { happen(at: nextEvent) } else { advance(to: elapsed + 1000) }
  }

  private var nextEvent: Int? { [startsAt, wakeAt, ringAt, api.nextEvent].compactMap { $0 }.min() }

  private func advance(to instant: Int) {
    guard instant > elapsed else { return }
    (elapsed, turnsAtOnce) = (instant, 0)
  }

  private func happen(at instant: Int) {
    advance(to: instant)
    if let startsAt, startsAt <= elapsed { start() }
    var input = TurnInput()
    for (delivery, reply) in api.answers(until: elapsed, now: now) {
      let outcome = outcome(of: reply, to: delivery)
      note("answered \(delivery.idempotencyKey): \(outcome)")
      oracle.note(outcome, to: delivery)
      input.answers.append(Answer(delivery, bug?.distort(outcome, of: reply) ?? outcome))
    }
    if let ringAt, ringAt <= elapsed { (input.spoolRang, self.ringAt) = (true, nil) }
    if !input.answers.isEmpty || input.spoolRang || wakeAt.map({ $0 <= elapsed }) ?? false { turn(input) }
  }

  private func outcome(of reply: SimulatedAPI.Reply, to delivery: Delivery) -> DeliveryOutcome {
    switch reply {
    case .whole(let answer): DeliveryOutcome(of: answer, to: delivery.call, alsoRetry: [], now: now)
    case .cut: .unreachable(reason: "cut short")
    case .nothing: .unreachable(reason: "timed out")
    }
  }

  func turn(_ input: TurnInput) {
    if let bug, var endpoint = engine?.endpoint {
      bug.distort(&endpoint, on: input)
      engine?.endpoint = endpoint
      let desks = engine?.desks ?? [:]
      engine?.desks = desks.mapValues { bug.distort($0) }
    }
    queue.isHeldUp = bug == .holdStopsEverybody && engine?.holds.values.contains { $0.status != nil } ?? false
    // What is asked for may have the API tried in any of its steps, or a moment later.
    if pending != nil || engine?.wakesAt.map({ $0 <= now }) ?? false { oracle.noteRing(underWay: api.underWay.count) }
    guard let turn = engine?.turn(input, now: now) else { return }
    turnsAtOnce += 1
    turns += 1
    oracle.expect(turnsAtOnce <= Self.turnsWithoutTime, "more than \(Self.turnsWithoutTime) turns without time passing")
    for event in turn.events { note("\(event)") }
    for result in turn.results { take(result) }
    guard !hazards.isDead else { return stop(note: "died in a turn") }
    for delivery in turn.deliveries.map({ bug?.distort($0, at: elapsed) ?? $0 }) {
      note("sends \(delivery.idempotencyKey): \(delivery.call)")
      oracle.note(request: delivery, besides: api.underWay, atMost: settings.maximumConcurrentRequests)
      api.receive(delivery, at: elapsed)
    }
    wakeAt = turn.wakeAt.map { elapsed + Int(max(0, $0.milliseconds - now.milliseconds)) }
  }

  /// Gives tokens to some users, and takes those of all others; a daemon that runs hears of it.
  func give(tokens: Set<UInt32>) {
    guard circumstances.hasTokens else { return }
    note("tokens for \(tokens.sorted())")
    settings.accounts = tokens
    oracle.tokens = tokens
    oracle.fairness.note(tokens: tokens, of: circumstances.users)
    oracle.noteRing(underWay: api.underWay.count)
    guard isRunning else { return }
    engine?.apply(settings)
    turn(TurnInput(endpointRang: true))
  }

  /// Asks for something, and for nothing else before that is answered.
  func ask(_ deed: EngineCommand.Deed, sender: UInt32?) {
    guard isRunning, pending == nil else { return }
    let command = EngineCommand(id: turns, deed, caller: sender ?? 0, sender: sender)
    pending = command
    note("somebody asks: \(command)")
    if case .discard(let selection) = deed, selection.all { oracle.noteClear(sender: sender) }
    if case .flush = deed, sender == nil, oracle.wishes.suspendedUntil ?? 0 <= elapsed { api.shortenSilence() }
    turn(TurnInput(commands: [command]))
  }

  /// Who was told that it is done could rely on it even if the machine died in this very turn.
  private func take(_ result: CommandResult) {
    note("answered: \(result)")
    oracle.expect(result.id == pending?.id, "somebody is answered who has not asked")
    if case .discard(let selection) = pending?.deed, selection.all {
      if case .done(_, _, nil) = result.outcome {
        oracle.noteCleared(queued: (try? queue.store.rows().map(\.id)) ?? [])
      } else {
        oracle.wishes.clearing = nil
      }
    }
    pending = nil
  }

  func start() {
    note("starts")
    hazards.revive()
    startsAt = nil
    oracle.noteStart()
    let spool = SimulatedSpool(disk: disk, hazards: hazards, oracle: oracle, bug: bug)
    engine = SyncEngine(spool: spool, store: queue, settings: settings, random: SeededGenerator(seed: hazards.random.next()))
    turn(TurnInput())
  }

  /// Ends the daemon as SIGKILL does, or, when `power` fails, as that does; it starts again later.
  func stop(cuttingPower power: Bool? = nil, note words: String) {
    hazards.die()
    let isPowerCut = power ?? hazards.chance(0.5)
    note(words + (isPowerCut ? ", without power" : ""))
    if isPowerCut { disk.cutPower(using: &hazards.random) }
    api.loseClients()
    let pause = queue.durablePause.map { elapsed + Int($0.until.milliseconds - now.milliseconds) }
    api.shortenSilence(to: pause ?? 0)
    (engine, wakeAt, ringAt, pending) = (nil, nil, nil, nil)
    oracle.wishes.clearing = nil
    startsAt = elapsed + hazards.pick([0, 0, 1_000, 300_000])
    expectNothingLost()
  }

  func expectNothingLost() {
    do {
      let rows = try queue.store.rows()
      oracle.expectNothingLost(queued: rows)
      oracle.expectBalance(try queue.store.totals(), rows: rows.count)
    } catch {
      oracle.expect(false, "the queue cannot be read: \(error)")
    }
  }

  func note(_ event: @autoclosure () -> String) {
    trace?.append("\(elapsed) ms, \(now.rfc3339): \(event())")
  }
}
