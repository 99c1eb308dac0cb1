/// When to look again for users whom the system did not name, though there are tokens for them: when something is dropped, which may be the first
/// of one of them, and once a minute.
struct UserSearch {
  static let interval = Duration.seconds(60)
  /// Between two, however much is dropped. Longer than it is believed that there is no such user (`UserDirectory`).
  static let pace = Duration.milliseconds(1_100)

  /// Whether there is anybody to look for.
  var isOpen = false
  private var lookedAt: ContinuousClock.Instant
  /// Whether something was dropped since, while there was somebody to look for.
  private var hasDrops = false

  init(now: ContinuousClock.Instant) {
    lookedAt = now
  }

  /// When to look even if nothing more is dropped.
  var dueAt: ContinuousClock.Instant? { isOpen ? lookedAt + (hasDrops ? Self.pace : Self.interval) : nil }

  /// Takes up whether something was dropped; returns whether to look now.
  mutating func take(hasDrops isDropped: Bool, now: ContinuousClock.Instant) -> Bool {
    hasDrops = isOpen && (hasDrops || isDropped)
    guard let dueAt, dueAt <= now else { return false }
    (lookedAt, hasDrops) = (now, false)
    return true
  }
}
