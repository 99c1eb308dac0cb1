/// How instants are spelled for the API.
package enum TimestampStyle: String, CaseIterable, Sendable {
  /// `2026-01-28T15:30:00Z`
  case utc
  /// `2026-01-28T15:30:00`, in UTC, for servers that refuse a zone.
  case naive
}

/// One change of a session, as the progress API takes it.
package struct SessionUpdate: Hashable, Sendable {
  package let session: Session
  package let change: Change
  /// The newest instant of what it carries; servers that do not know the field ignore it.
  package let recordedAt: Timestamp

  /// Its kind and what it carries.
  package enum Change: Hashable, Sendable {
    case complete(at: Timestamp, rating: IntensityRating?, scheduled: ScheduledDate?)
    case uncomplete
    case intensity(IntensityRating)
    case schedule(ScheduledDate)
    case exercise(ExerciseLog)
  }

  package init(session: Session, change: Change, recordedAt: Timestamp) {
    (self.session, self.change, self.recordedAt) = (session, change, recordedAt)
  }
}

/// One call of the progress API that writes.
package enum ProgressCall: Hashable, Sendable {
  /// To one session.
  case single(SessionUpdate)
  /// Completions of several sessions of one program, none of them twice; the API takes all of them or none.
  case bulkSync(ProgramID, [SessionUpdate])

  package var updates: [SessionUpdate] {
    switch self {
    case .single(let update): [update]
    case .bulkSync(_, let updates): updates
    }
  }

  /// The path below the API's base URL; the method is always POST.
  package var path: String {
    switch self {
    case .single(let update): "/api/progress/\(update.session.program)/\(update.change.endpoint)"
    case .bulkSync(let program, _): "/api/progress/\(program)/bulk-sync"
    }
  }

  /// The JSON body.
  package func body(timestamps style: TimestampStyle) -> String {
    switch self {
    case .single(let update): update.json(timestamps: style).serialized
    case .bulkSync(_, let updates): JSONValue.array(updates.map { $0.json(timestamps: style) }).serialized
    }
  }
}

extension SessionUpdate {
  fileprivate func json(timestamps style: TimestampStyle) -> JSONValue {
    var fields: [String: JSONValue] = [
      "week_number": .integer(session.week),
      "day_number": .integer(session.day),
      "recorded_at": .string(recordedAt.spelled(style)),
    ]
    switch change {
    case .complete(let instant, let rating, let scheduled):
      fields["completed_at"] = .string(instant.spelled(style))
      fields["intensity_rating"] = rating.map { .string($0.rawValue) }
      fields["scheduled_date"] = scheduled.map { .string($0.spelled(style)) }
    case .uncomplete: fields["intensity_rating"] = .string("")  // The baseline server requires the field and ignores it.
    case .intensity(let rating): fields["intensity_rating"] = .string(rating.rawValue)
    case .schedule(let date): fields["scheduled_date"] = .string(date.spelled(style))
    case .exercise(let log): fields["exercise"] = .object(log.fields)
    }
    return .object(fields)
  }
}

extension SessionUpdate.Change {
  /// The last segment of the path.
  package var endpoint: String {
    switch self {
    case .complete: "complete"
    case .uncomplete: "uncomplete"
    case .intensity: "intensity"
    case .schedule: "schedule"
    case .exercise: "exercises"
    }
  }
}

extension Timestamp {
  package func spelled(_ style: TimestampStyle) -> String {
    switch style {
    case .utc: rfc3339
    case .naive: naive
    }
  }
}

extension ScheduledDate {
  fileprivate func spelled(_ style: TimestampStyle) -> String {
    switch self {
    case .day(let day): day.description
    case .instant(let instant): instant.spelled(style)
    }
  }
}
