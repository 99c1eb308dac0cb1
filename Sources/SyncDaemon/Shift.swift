import APIClient
import ControlProtocol
import ProgressModel
import Spool
import SyncEngine
import SyncPolicy
import SyncStore
import Systemd

/// The work loop's life between its start and its end: what it keeps from one turn to the next, and the steps of a turn.
struct Shift {
  private let loop: WorkLoop
  private let spool: SpoolReader
  private var engine: SyncEngine<SpoolReader, SyncStore>
  /// The configuration that is in force.
  private var configuration: Configuration
  private var courier: Courier
  /// The first of those that call the present API.
  private var firstCourierOfAPI: Courier.Number
  /// The first of those that go by the present configuration, and by the present tokens of accounts that have changed since.
  private var firstCourierOfConfiguration: Courier.Number
  private var firstCourierOfToken: [Account: Courier.Number] = [:]
  private var token: TokenWatch
  private var search = UserSearch(now: .now)
  private var commands: Commands
  private var wakeUps = WakeUps()
  private var reloads = Reloads()
  private var log: EventLog
  private var level: LogLevelOverride
  private var notices: Notices
  private let notifier = ServiceNotifier()
  private var pulse: Pulse
  /// When the engine, the log or the notices have something to do even if nothing rings.
  private var dueAt: ContinuousClock.Instant? = .now
  /// nil until it is told to stop.
  private var stopBy: ContinuousClock.Instant?
  /// Whether there is no turn to come.
  private(set) var isOver = false

  /// How long requests under way may go on after SIGTERM, so that the whole stop takes no more than ten seconds. What is not
  /// answered by then stays in the queue.
  private static let stopPatience = Duration.milliseconds(8_500)

  init(_ loop: WorkLoop, _ spool: SpoolReader, _ client: APIClient, _ token: TokenWatch, _ notices: Notices) {
    let commons = loop.commons
    (self.loop, self.spool, self.token, self.notices) = (loop, spool, token, notices)
    configuration = loop.configuration
    engine = SyncEngine(spool: spool, store: loop.store, settings: configuration.engineSettings(users: token.users))
    courier = Courier(1, client: client, doorbell: commons.doorbell, instruments: commons.instruments)
    (firstCourierOfAPI, firstCourierOfConfiguration) = (courier.number, courier.number)
    commands = Commands(doorbell: commons.doorbell)
    log = EventLog(logger: loop.logger)
    level = LogLevelOverride(of: commons.threshold)
    pulse = Pulse(notifier: notifier)
    search.isOpen = token.users.hasUnknownUsers
    note(client)
  }

  /// When the next turn is due even if nothing rings.
  var wakeAt: ContinuousClock.Instant? {
    [dueAt, stopBy, pulse.nextBeat, wakeUps.dueAt, reloads.dueAt, search.dueAt, level.endsAt].compactMap { $0 }.min()
  }

  /// Starts what works beside the loop. The spool is watched and the queue is open by now, which is what `READY=1` means.
  mutating func begin(in group: inout DiscardingTaskGroup) {
    start(courier, in: &group)
    start(token, in: &group)
    notifier.notify(.ready)
  }

  /// Does what is not the engine's about what has rung, and puts the rest into its terms.
  mutating func take(_ rings: Rings, in group: inout DiscardingTaskGroup) -> TurnInput {
    if rings.isStopping { stop() }
    let wishes = commands.take(rings.asks, isStopping: rings.isStopping, level: &level, logger: loop.logger)
    let renewal = renew(rings, in: &group)
    search.isOpen = token.users.hasUnknownUsers
    let wakeUps = takeWakeUps(rings)
    let answers = rings.answers.map { number, answer in
      var answer = answer
      let first = firstCourierOfToken[answer.delivery.account] ?? firstCourierOfConfiguration
      (answer.isCurrent, answer.isOfThisAPI) = (number >= first, number >= firstCourierOfAPI)
      return answer
    }
    var input = TurnInput(answers: answers, spoolRang: rings.spoolRang, isStopping: rings.isStopping)
    input.endpointRang = renewal != .none || !wakeUps.isEmpty
    input.isFlush = renewal == .ofAPI || wakeUps.contains(.asked)
    input.commands = wishes
    return input
  }

  /// Turns the engine, starts what it asks for, and tells everybody what it came to.
  mutating func turn(_ input: TurnInput, now: Timestamp) {
    let turn = engine.turn(input, now: now)
    commands.finish(turn.results)
    log.log(turn.events, now: now)
    publish(turn, now: now)
    for delivery in turn.deliveries { courier.start(delivery) }
    guard loop.store.damage == nil else {
      // The daemon repairs it, and begins anew; what is under way then is asked again.
      isOver = true
      return
    }
    notices.observe(turn.events, now: now)
    pulse.beat()
    if stopBy == nil, pulse.wantsStatus() { pulse.tell(sentence(now: now)) }
    notices.tell(now: now)
    level.expire(in: loop.logger)
    dueAt = [turn.wakeAt, log.wakeAt, notices.wakeAt].compactMap { $0 }.min().map { .now + max(.zero, $0 - loop.now()) }
    if let stopBy { isOver = engine.isQuiet || stopBy <= .now || Task.isCancelled }
  }

  mutating func end(now: Timestamp) {
    log.finish(now: now)
    courier.retire()
  }

  private mutating func stop() {
    guard stopBy == nil else { return }
    stopBy = .now + Self.stopPatience
    let limit = ServiceNotification.extendTimeout(by: Self.stopPatience + .seconds(5))
    notifier.notify(.stopping, limit, .status("finishing what is under way"))
    loop.commons.doorbell.refuseAsks()
  }

  private func start(_ token: TokenWatch, in group: inout DiscardingTaskGroup) {
    group.addTask { [doorbell = loop.commons.doorbell] in await token.run(ringing: doorbell) }
  }

  private func start(_ courier: Courier, in group: inout DiscardingTaskGroup) {
    group.addTask { [now = loop.now] in await courier.run(now: now) }
  }
}

// MARK: A new configuration, or a new token

extension Shift {
  /// What is new about the requests to come.
  private enum Renewal {
    case none
    /// The API may answer otherwise: somebody has changed something about it, or asks to look.
    case ofCircumstances
    /// Another API is called.
    case ofAPI
  }

  private mutating func renew(_ rings: Rings, in group: inout DiscardingTaskGroup) -> Renewal {
    let reloadRang = reloads.take(rings.reloadRang || commands.wantsReload, now: .now)
    let next = courier.number + 1
    var client: APIClient?
    if reloadRang, let reloaded = reload() {
      token.end()
      (client, token) = reloaded
      start(token, in: &group)
      (firstCourierOfConfiguration, firstCourierOfToken) = (next, [:])
    } else if rings.tokenRang || search.take(hasDrops: rings.spoolRang, now: .now), let renewed = token.renew(logger: loop.logger) {
      client = renewed.client
      for account in renewed.accounts { firstCourierOfToken[account] = next }
    }
    guard let client else { return reloadRang ? .ofCircumstances : .none }
    engine.apply(configuration.engineSettings(users: token.users))
    note(client)
    let isOtherAPI = client.baseURL != courier.baseURL
    courier.retire()
    courier = Courier(
      next, client: client, doorbell: loop.commons.doorbell, instruments: loop.commons.instruments)
    start(courier, in: &group)
    guard isOtherAPI else { return .ofCircumstances }
    firstCourierOfAPI = courier.number
    engine.noteOtherEndpoint()
    loop.commons.instruments.noteOtherAPI()
    return .ofAPI
  }

  /// Tells whoever speaks to people where the tokens of users are, and keeps what is in force for the loop that begins anew after a repair.
  private mutating func note(_ client: APIClient) {
    loop.commons.running.note(ClientInForce(client: client, settings: token.settings, users: token.users))
    notices.apply(configuration, users: token.users)
    loop.commons.instruments.note(userTokens: token.users.entries.mapValues(\.file))
  }

  /// The whole new configuration, or the old one and the reason said.
  private mutating func reload() -> (client: APIClient, token: TokenWatch)? {
    notifier.notifyReloading()
    defer { notifier.notify(.ready) }
    do {
      let (resolved, settings, users, client) = try loop.reloader.reload(from: configuration, keeping: token.users, logger: loop.logger)
      configuration = resolved.configuration
      loop.commons.running.replace(with: resolved)
      level.configure(configuration.log.level)
      spool.limits = configuration.spoolLimits
      loop.logger.say(.reloaded, "Reloaded the configuration")
      commands.finishReload()
      return (client, TokenWatch(configuration, settings, users, logger: loop.logger))
    } catch {
      let words = "The configuration is not reloaded, the old one stays in force: \(error)"
      loop.logger.say(.reloadRefused, words, [.reason: "\(error)"])
      commands.finishReload(refused: "\(error)")
      return nil
    }
  }
}

// MARK: Another try before its time

extension Shift {
  /// The wake-ups that the turn acts upon, said where they make a difference.
  private mutating func takeWakeUps(_ rings: Rings) -> Set<WakeUp> {
    let taken = wakeUps.take(rings.wakeUps, now: .now)
    guard taken.contains(.asked) || (!taken.isEmpty && isWaitingForAPI) else { return taken }
    guard let sentence = wakeUps.sentence(for: taken, now: .now) else { return taken }
    loop.logger.say(taken.contains(.asked) ? .flushed : .wokeUp, sentence, [.reason: sentence])
    return taken
  }

  /// Whether a wake-up makes a difference for the endpoint: a pause that the API asked for holds.
  private var isWaitingForAPI: Bool {
    if !engine.holds.isEmpty { return true }
    return switch engine.endpointState {
    case .failing, .unreachable: true
    case .reachable, .paused: false
    }
  }
}

// MARK: How things stand

extension Shift {
  /// Tells those who look at the daemon what the turn came to.
  private func publish(_ turn: Turn, now: Timestamp) {
    let commons = loop.commons
    commons.instruments.note(
      turn.events, endpoint: engine.endpointState, since: engine.endpointSince, holds: engine.holds,
      reachedBounds: engine.reachedBounds, storageTrouble: engine.storageTrouble, now: now)
    commons.chronicle.note(turn.events, now: now)
    commons.live.publish(turn, at: now)
  }

  /// Looks at how things stand, for people who watch the service and for those whom it tells.
  private mutating func sentence(now: Timestamp) -> String {
    do {
      let status = try engine.status()
      notices.look(at: status.counts, in: loop.store, now: now)
      return status.sentence(now: now)
    } catch {
      return "the queue cannot be read: \(error)"
    }
  }
}
