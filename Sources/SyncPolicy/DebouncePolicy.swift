package import ProgressModel

/// How long a write waits for a newer one of its key, so that rapid edits become one request.
package struct DebouncePolicy: Hashable, Sendable {
  package var complete: Duration
  package var intensity: Duration
  package var schedule: Duration
  package var exercise: Duration
  /// However often a key changes, its first unsent change is not kept waiting longer than this.
  package var maxWait: Duration

  package init(complete: Duration, intensity: Duration, schedule: Duration, exercise: Duration, maxWait: Duration) {
    (self.complete, self.intensity, self.schedule, self.exercise) = (complete, intensity, schedule, exercise)
    self.maxWait = maxWait
  }

  /// When a write that is accepted `now` may be sent.
  ///
  /// `waitingSince` is when the first of the changes was accepted that this write replaces unsent, itself included.
  /// An instant in the future, left by a clock that was set back since, counts as now.
  package func dueAt(for field: Field, now: Timestamp, waitingSince: Timestamp) -> Timestamp {
    min(now + window(of: field), min(waitingSince, now) + maxWait)
  }

  private func window(of field: Field) -> Duration {
    switch field {
    case .completion: complete
    case .intensity: intensity
    case .schedule: schedule
    case .exercise: exercise
    }
  }
}
