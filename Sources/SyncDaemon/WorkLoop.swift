import APIClient
import Logging
import ProgressModel
import ServiceLifecycle
import Spool
import SyncEngine
import SyncStore
import Systemd

/// Turns the engine whenever something rings or is due, starts the requests that it asks for, and tells systemd.
///
/// The watchdog is fed here and nowhere else: what does not turn any more is restarted.
struct WorkLoop: Service {
  let configuration: Configuration
  let store: SyncStore
  let doorbell: Doorbell
  let reloader: Reloader
  let logger: Logger
  let notifier = ServiceNotifier()
  let now: @Sendable () -> Timestamp

  /// How long requests under way may go on after SIGTERM, so that the whole stop takes no more than ten seconds. What is not
  /// answered by then stays in the queue.
  static let stopPatience = Duration.seconds(9)

  /// Works until it is told to stop; throws `SpoolError` when there is no spool to begin with, and
  /// `APIClientError` or `DaemonError` when the API's settings do not hold.
  func run() async throws {
    let spool = try SpoolReader(root: configuration.spool.directory, limits: configuration.spoolLimits)
    try spool.lock()
    let client = try APIClient(configuration.clientSettings(), version: Daemon.version)
    let engine = SyncEngine(spool: spool, store: store, settings: configuration.engineSettings)
    let watch = SpoolWatch(
      root: configuration.spool.directory, patience: configuration.spool.rescanInterval, doorbell: doorbell, logger: logger)
    let watcher = watch.begin()
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await watch.run(from: watcher) }
        await work(engine, spool, client, in: &group)
      }
    } onCancelOrGracefulShutdown: {
      doorbell.ring { $0.isStopping = true }
    }
  }

  private func work(
    _ engine: SyncEngine<SpoolReader, SyncStore>, _ spool: SpoolReader, _ client: APIClient, in group: inout DiscardingTaskGroup
  ) async {
    var engine = engine
    var courier = startCourier(1, client, in: &group)
    var pulse = Pulse(notifier: notifier)
    var log = EventLog(logger: logger)
    var wakeAt: ContinuousClock.Instant? = .now
    var stopBy: ContinuousClock.Instant?
    notifier.notify(.ready)
    while true {
      let rings = await doorbell.take(until: [wakeAt, stopBy, pulse.nextBeat].compactMap { $0 }.min())
      if rings.isStopping, stopBy == nil {
        let limit = ServiceNotification.extendTimeout(by: Self.stopPatience + .seconds(5))
        notifier.notify(.stopping, limit, .status("finishing what is under way"))
        stopBy = .now + Self.stopPatience
      }
      if rings.reloadRang, let client = reload(&engine, spool) {
        courier.retire()
        courier = startCourier(courier.number + 1, client, in: &group)
      }
      let turnedAt = now()
      let turn = engine.turn(TurnInput(rings, courier: courier.number), now: turnedAt)
      log.log(turn.events, now: turnedAt)
      for delivery in turn.deliveries { courier.start(delivery) }
      wakeAt = [turn.wakeAt, log.wakeAt].compactMap { $0 }.min().map { .now + max(.zero, $0 - now()) }
      pulse.beat(isStopping: stopBy != nil) { sentence(about: engine, now: turnedAt) }
      if let stopBy, engine.isQuiet || stopBy <= .now || Task.isCancelled { break }
    }
    log.finish(now: now())
    courier.retire()
    group.cancelAll()
  }

  private func sentence(about engine: SyncEngine<SpoolReader, SyncStore>, now: Timestamp) -> String {
    do {
      return try engine.status().sentence(now: now)
    } catch {
      return "the queue cannot be read: \(error)"
    }
  }

  private func startCourier(_ number: Courier.Number, _ client: APIClient, in group: inout DiscardingTaskGroup) -> Courier {
    let courier = Courier(number, client: client, doorbell: doorbell)
    group.addTask { await courier.run(now: now) }
    return courier
  }

  /// The whole new configuration, or the old one and the reason said.
  private func reload(_ engine: inout SyncEngine<SpoolReader, SyncStore>, _ spool: SpoolReader) -> APIClient? {
    notifier.notifyReloading()
    defer { notifier.notify(.ready) }
    do {
      let (configuration, client) = try reloader.reload(logger: logger)
      engine.apply(configuration.engineSettings)
      spool.limits = configuration.spoolLimits
      logger.notice("Reloaded the configuration")
      return client
    } catch {
      logger.error("The configuration is not reloaded, the old one stays in force: \(error)")
      return nil
    }
  }
}

extension TurnInput {
  fileprivate init(_ rings: Rings, courier: Courier.Number) {
    let answers = rings.answers.map { number, answer in
      var answer = answer
      answer.isCurrent = number == courier
      return answer
    }
    self.init(answers: answers, spoolRang: rings.spoolRang, endpointRang: rings.reloadRang, isStopping: rings.isStopping)
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
