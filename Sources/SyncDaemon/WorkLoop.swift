import APIClient
import ControlProtocol
import Logging
import ProgressModel
import ServiceLifecycle
import Spool
import SyncEngine
import SyncPolicy
import SyncStore
import Systemd

/// Turns the engine whenever something rings or is due, starts the requests that it asks for, and tells systemd.
///
/// The watchdog is fed here and nowhere else: what does not turn any more is restarted.
struct WorkLoop: Service {
  let configuration: Configuration
  let store: SyncStore
  let commons: Commons
  let reloader: Reloader
  /// Whether somebody may be told on a desktop what takes a person.
  let hasDesktop: Bool
  let logger: Logger
  let notifier = ServiceNotifier()
  let now: @Sendable () -> Timestamp

  /// How long requests under way may go on after SIGTERM, so that the whole stop takes no more than ten seconds. What is not
  /// answered by then stays in the queue.
  static let stopPatience = Duration.milliseconds(8_500)

  private var doorbell: Doorbell { commons.doorbell }

  /// Works until it is told to stop; throws `SpoolError` when there is no spool to begin with, and
  /// `APIClientError` or `DaemonError` when the API's settings do not hold.
  func run() async throws {
    defer { commons.close() }
    let spool = try SpoolReader(
      root: configuration.spool.directory, limits: configuration.spoolLimits, times: commons.instruments.spoolTimes)
    try spool.lock()
    let settings = try configuration.clientSettings()
    let client = try APIClient(settings, version: Daemon.version)
    let token = TokenWatch(configuration, settings, logger: logger)
    let systemWatch = SystemWatch(doorbell: doorbell, logger: logger)
    let engine = SyncEngine(spool: spool, store: store, settings: configuration.engineSettings)
    let watch = SpoolWatch(
      root: configuration.spool.directory, patience: configuration.spool.rescanInterval, doorbell: doorbell, logger: logger)
    let watcher = watch.begin()
    let board = hasDesktop ? NoticeBoard(logger: logger) : nil
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await watch.run(from: watcher) }
        group.addTask { await systemWatch.run() }
        if let board { group.addTask { await board.run() } }
        await work(engine, spool, client, token, Notices(configuration, board: board, logger: logger), in: &group)
      }
    } onCancelOrGracefulShutdown: {
      doorbell.ring { $0.isStopping = true }
    }
  }

  private func work(
    _ engine: SyncEngine<SpoolReader, SyncStore>, _ spool: SpoolReader, _ client: APIClient, _ token: TokenWatch,
    _ notices: Notices, in group: inout DiscardingTaskGroup
  ) async {
    var (engine, token, notices) = (engine, token, notices)
    var courier = startCourier(1, client, in: &group)
    var firstCourierOfAPI = courier.number
    start(token, in: &group)
    var wakeUps = WakeUps()
    var pulse = Pulse(notifier: notifier)
    var log = EventLog(logger: logger)
    var level = LogLevelOverride(of: commons.threshold)
    var commands = Commands(doorbell: doorbell)
    var wakeAt: ContinuousClock.Instant? = .now
    var stopBy: ContinuousClock.Instant?
    notifier.notify(.ready)
    while true {
      let rings = await doorbell.take(until: [wakeAt, stopBy, pulse.nextBeat, wakeUps.dueAt, level.endsAt].compactMap { $0 }.min())
      if rings.isStopping, stopBy == nil {
        let limit = ServiceNotification.extendTimeout(by: Self.stopPatience + .seconds(5))
        notifier.notify(.stopping, limit, .status("finishing what is under way"))
        stopBy = .now + Self.stopPatience
        doorbell.refuseAsks()
      }
      let wishes = commands.take(rings.asks, isStopping: rings.isStopping) { set(&level, to: $0, for: $1) }
      var newClient: APIClient?
      var isOtherAPI = false
      let reloadRang = rings.reloadRang || commands.wantsReload
      if reloadRang, let reloaded = reload(&engine, spool, &level, &commands, &notices) {
        token.end()
        isOtherAPI = reloaded.client.baseURL != courier.baseURL
        (newClient, token) = reloaded
        start(token, in: &group)
      } else if rings.tokenRang {
        newClient = token.renew(logger: logger)
      }
      if let newClient {
        courier.retire()
        courier = startCourier(courier.number + 1, newClient, in: &group)
        if isOtherAPI { firstCourierOfAPI = courier.number }
      }
      let taken = wakeUps.take(rings.wakeUps, now: .now)
      if taken.contains(.asked) || (!taken.isEmpty && isWaitingForAPI(engine)), let sentence = wakeUps.sentence(for: taken, now: .now) {
        logger.say(taken.contains(.asked) ? .flushed : .wokeUp, sentence, [.reason: sentence])
      }
      var input = TurnInput(rings, courier: courier.number, firstOfAPI: firstCourierOfAPI)
      input.endpointRang = reloadRang || newClient != nil || !taken.isEmpty
      input.isFlush = isOtherAPI || taken.contains(.asked)
      input.commands = wishes
      let turnedAt = now()
      let turn = engine.turn(input, now: turnedAt)
      commands.finish(turn.results)
      log.log(turn.events, now: turnedAt)
      publish(turn, of: engine, now: turnedAt)
      for delivery in turn.deliveries { courier.start(delivery) }
      // The daemon repairs it, and begins anew; what is under way then is asked again.
      if store.damage != nil { break }
      notices.observe(turn.events, now: turnedAt)
      pulse.beat(isStopping: stopBy != nil) { sentence(about: engine, &notices, now: turnedAt) }
      notices.tell(now: turnedAt)
      if level.expire(now: .now) { say(level.level) }
      wakeAt = [turn.wakeAt, log.wakeAt, notices.wakeAt].compactMap { $0 }.min().map { .now + max(.zero, $0 - now()) }
      if let stopBy, engine.isQuiet || stopBy <= .now || Task.isCancelled { break }
    }
    log.finish(now: now())
    courier.retire()
    group.cancelAll()
  }

  /// Tells those who look at the daemon what the turn came to.
  private func publish(_ turn: Turn, of engine: SyncEngine<SpoolReader, SyncStore>, now: Timestamp) {
    commons.instruments.note(turn.events, endpoint: engine.endpointState, storageTrouble: engine.storageTrouble, now: now)
    commons.chronicle.note(turn.events, endpoint: engine.endpointState, since: engine.endpointSince, now: now)
    guard commons.live.isWatched else { return }
    commons.live.publish(
      turn.events.flatMap { LiveEvent.all(from: $0, at: now) } + turn.deliveries.flatMap { LiveEvent.all(from: $0, at: now) })
  }

  /// Looks at how things stand, for people who watch the service and for those whom it tells.
  private func sentence(about engine: SyncEngine<SpoolReader, SyncStore>, _ notices: inout Notices, now: Timestamp) -> String {
    do {
      let status = try engine.status()
      notices.look(at: status.counts, in: store, now: now)
      return status.sentence(now: now)
    } catch {
      return "the queue cannot be read: \(error)"
    }
  }

  /// Whether a wake-up makes a difference for the endpoint: a pause that the API asked for holds.
  private func isWaitingForAPI(_ engine: SyncEngine<SpoolReader, SyncStore>) -> Bool {
    // A queue that cannot be read is said elsewhere.
    guard let endpoint = try? engine.status().endpoint else { return false }
    return switch endpoint {
    case .failing, .unreachable, .held: true
    case .reachable, .paused: false
    }
  }

  private func set(_ level: inout LogLevelOverride, to name: Logger.Level, for time: Duration?) {
    // What makes the log quieter is said before it is quiet.
    let isQuieter = name > level.level
    if isQuieter { say(name) }
    level.apply(name, for: time, now: .now)
    if !isQuieter { say(name) }
  }

  private func say(_ level: Logger.Level) {
    logger.say(.levelChanged, "The log's level is \(level) now", [.level: level.rawValue])
  }

  private func start(_ token: TokenWatch, in group: inout DiscardingTaskGroup) {
    group.addTask { await token.run(ringing: doorbell) }
  }

  private func startCourier(_ number: Courier.Number, _ client: APIClient, in group: inout DiscardingTaskGroup) -> Courier {
    let courier = Courier(number, client: client, doorbell: doorbell, instruments: commons.instruments)
    group.addTask { await courier.run(now: now) }
    return courier
  }

  /// The whole new configuration, or the old one and the reason said.
  private func reload(
    _ engine: inout SyncEngine<SpoolReader, SyncStore>, _ spool: SpoolReader, _ level: inout LogLevelOverride, _ commands: inout Commands,
    _ notices: inout Notices
  ) -> (client: APIClient, token: TokenWatch)? {
    notifier.notifyReloading()
    defer { notifier.notify(.ready) }
    do {
      let (resolved, settings, client) = try reloader.reload(logger: logger)
      let configuration = resolved.configuration
      commons.running.replace(with: resolved)
      level.configure(configuration.log.level)
      engine.apply(configuration.engineSettings)
      spool.limits = configuration.spoolLimits
      notices.apply(configuration)
      logger.say(.reloaded, "Reloaded the configuration")
      commands.finishReload()
      return (client, TokenWatch(configuration, settings, logger: logger))
    } catch {
      logger.say(.reloadRefused, "The configuration is not reloaded, the old one stays in force: \(error)", [.reason: "\(error)"])
      commands.finishReload(refused: "\(error)")
      return nil
    }
  }
}

extension TurnInput {
  fileprivate init(_ rings: Rings, courier: Courier.Number, firstOfAPI: Courier.Number) {
    let answers = rings.answers.map { number, answer in
      var answer = answer
      (answer.isCurrent, answer.isOfThisAPI) = (number == courier, number >= firstOfAPI)
      return answer
    }
    self.init(answers: answers, spoolRang: rings.spoolRang, isStopping: rings.isStopping)
  }
}

/// Tells systemd that the work loop goes round, and how things stand, as often as it is worth while.
private struct Pulse {
  let notifier: ServiceNotifier
  private let watchdogInterval: Duration?
  private var fedAt: ContinuousClock.Instant?
  private var toldAt: ContinuousClock.Instant?
  private var told = ""
  private var isBehind = false

  /// A status that changes faster than this is nobody's to read.
  private static let statusInterval = Duration.seconds(1)

  init(notifier: ServiceNotifier) {
    self.notifier = notifier
    watchdogInterval = notifier.watchdogInterval
  }

  /// When the loop has to come round even if nothing happens.
  var nextBeat: ContinuousClock.Instant? {
    let feedAt = watchdogInterval.map { (fedAt ?? .now) + $0 / 2 }
    let tellAt = isBehind ? toldAt.map { $0 + Self.statusInterval } : nil
    return [feedAt, tellAt].compactMap { $0 }.min()
  }

  mutating func beat(isStopping: Bool, sentence: () -> String) {
    let now = ContinuousClock.now
    if let watchdogInterval, fedAt.map({ now - $0 >= watchdogInterval / 4 }) ?? true {
      notifier.notify(.alive)
      fedAt = now
    }
    guard !isStopping else { return }
    if let toldAt, now - toldAt < Self.statusInterval {
      isBehind = true
      return
    }
    isBehind = false
    let sentence = sentence()
    if sentence != told { notifier.notify(.status(sentence)) }
    (told, toldAt) = (sentence, now)
  }
}
