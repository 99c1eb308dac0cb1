/// The field of a session that a write sets. Writes of different fields never disturb each other.
package enum Field: Hashable, Sendable {
  /// Done or undone: both share the field, so that undoing a completion cannot lose a race against it.
  case completion
  case intensity
  case schedule
  case exercise(id: String)
}

/// What a write is about: one field of one session. The queue holds at most one waiting write per key.
package struct WriteKey: Hashable, Sendable {
  package let session: Session
  package let field: Field

  package init(session: Session, field: Field) {
    (self.session, self.field) = (session, field)
  }
}

extension WriteKey: CustomStringConvertible {
  /// The key as people and journals see it: `complete-p1-1-3`, `exercise-p1-1-3-squat`.
  package var description: String {
    switch field {
    case .completion: "complete-\(session)"
    case .intensity: "intensity-\(session)"
    case .schedule: "schedule-\(session)"
    case .exercise(let id): "exercise-\(session)-\(id)"
    }
  }
}

/// The value that a write gives to its field.
package enum WriteValue: Hashable, Sendable {
  case done(at: Timestamp)
  case undone
  case rating(IntensityRating)
  case scheduled(ScheduledDate)
  case exercise(ExerciseLog)

  package var field: Field {
    switch self {
    case .done, .undone: .completion
    case .rating: .intensity
    case .scheduled: .schedule
    case .exercise(let log): .exercise(id: log.id)
    }
  }
}

/// One field of one session with its new value: what the queue holds and the API receives.
package struct Write: Hashable, Sendable {
  package let session: Session
  package let value: WriteValue
  /// When the person did it. The API keeps the newest value of a field by this instant.
  package var recordedAt: Timestamp

  package init(session: Session, value: WriteValue, recordedAt: Timestamp) {
    (self.session, self.value, self.recordedAt) = (session, value, recordedAt)
  }

  package var key: WriteKey { WriteKey(session: session, field: value.field) }
}

extension Action {
  /// The action split into one write per field.
  ///
  /// A complete with a rating and a date is three writes, so that a later complete without them takes nothing away.
  /// An instant in the future of the drop counts as the drop: nothing was done later than it was reported.
  package func writes(droppedAt: Timestamp) -> [Write] {
    let recordedAt = min(recordedAt ?? droppedAt, droppedAt)
    return change.values(droppedAt: droppedAt).map { Write(session: session, value: $0, recordedAt: recordedAt) }
  }
}

extension Action.Change {
  fileprivate func values(droppedAt: Timestamp) -> [WriteValue] {
    switch self {
    case .complete(let instant, let rating, let scheduled):
      [.done(at: instant ?? droppedAt)] + (rating.map { [.rating($0)] } ?? []) + (scheduled.map { [.scheduled($0)] } ?? [])
    case .uncomplete: [.undone]
    case .rate(let rating): [.rating(rating)]
    case .schedule(let date): [.scheduled(date)]
    case .logExercise(let log): [.exercise(log)]
    }
  }
}
