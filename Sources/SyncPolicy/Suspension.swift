package import ProgressModel

/// A person's wish that nothing is sent. Actions are still accepted, and what is under way is still settled.
package struct Suspension: Hashable, Sendable {
  package private(set) var since: Timestamp
  /// nil: until somebody resumes.
  package private(set) var until: Timestamp?
  /// For how long it was asked: no clock step makes it longer.
  package let length: Duration?
  /// The user id of whoever asked.
  package let by: UInt32

  package init(since: Timestamp, length: Duration?, by: UInt32) {
    self.init(since: since, until: length.map { since + $0 }, length: length, by: by)
  }

  /// One that an earlier life has kept.
  package init(since: Timestamp, until: Timestamp?, length: Duration?, by: UInt32) {
    (self.since, self.until, self.length, self.by) = (since, until, length, by)
  }

  package func hasEnded(now: Timestamp) -> Bool { until.map { $0 <= now } ?? false }

  /// Keeps what is left of it when the clock was set back by at least `step`, and never more than it was asked for.
  package mutating func clamp(now: Timestamp, step: Duration = .zero) {
    since = min(since, now)
    guard let length else { return }
    until = until.map { min($0 - step, now + length) }
  }
}
