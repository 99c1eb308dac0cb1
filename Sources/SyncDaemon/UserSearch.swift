/// When to look again for users whom the system did not name, though there are tokens for them: when something is dropped, which may be the first
/// of one of them, and once a minute.
struct UserSearch {
  static let interval = Duration.seconds(60)
  /// Between two, however much is dropped.
  static let pace = Duration.seconds(1)

  /// Whether there is anybody to look for.
  var isOpen = false
  private var lookedAt: ContinuousClock.Instant

  init(now: ContinuousClock.Instant) {
    lookedAt = now
  }

  /// When to look even if nothing is dropped.
  var dueAt: ContinuousClock.Instant? { isOpen ? lookedAt + Self.interval : nil }

  /// Whether to look now.
  mutating func take(hasDrops: Bool, now: ContinuousClock.Instant) -> Bool {
    guard isOpen, now - lookedAt >= (hasDrops ? Self.pace : Self.interval) else { return false }
    lookedAt = now
    return true
  }
}
