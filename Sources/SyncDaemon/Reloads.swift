/// Passes wishes for a reload on to the work loop's turns: a lone one at once, those that come in a row once a second, each reload for all that
/// were wished for before it. Every one of them makes new connections, in an outage, too.
struct Reloads {
  /// Between two that are passed on.
  static let interval = Duration.seconds(1)

  private var isWished = false
  private var passedAt: ContinuousClock.Instant?

  /// When what was wished for too early is to be done.
  var dueAt: ContinuousClock.Instant? {
    isWished ? passedAt.map { $0 + Self.interval } : nil
  }

  /// Takes up whether there is another wish; returns whether the turn is to reload.
  mutating func take(_ isWishedNow: Bool, now: ContinuousClock.Instant) -> Bool {
    isWished = isWished || isWishedNow
    guard isWished, passedAt.map({ now - $0 >= Self.interval }) ?? true else { return false }
    (isWished, passedAt) = (false, now)
    return true
  }
}
