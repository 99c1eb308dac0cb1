import Systemd

/// Tells systemd that the work loop goes round, and how things stand, as often as it is worth while.
struct Pulse {
  private let notifier: ServiceNotifier
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

  /// Feeds the watchdog, when a quarter of its patience is over.
  mutating func beat() {
    guard let watchdogInterval, fedAt.map({ .now - $0 >= watchdogInterval / 4 }) ?? true else { return }
    notifier.notify(.alive)
    fedAt = .now
  }

  /// Whether to `tell` how things stand; if it is too early, `nextBeat` is when it no longer is.
  mutating func wantsStatus() -> Bool {
    isBehind = toldAt.map { .now - $0 < Self.statusInterval } ?? false
    return !isBehind
  }

  mutating func tell(_ sentence: String) {
    if sentence != told { notifier.notify(.status(sentence)) }
    (told, toldAt) = (sentence, .now)
  }
}
