/// How hard a session felt.
package enum IntensityRating: String, CaseIterable, Sendable {
  case easy
  case perfect
  case hard
}

/// When a session is planned: a day, or an instant for clients that know the hour.
package enum ScheduledDate: Hashable, Sendable {
  case day(CalendarDate)
  case instant(Timestamp)

  package init?(_ text: String) {
    if let day = CalendarDate(text) {
      self = .day(day)
    } else if let instant = Timestamp(rfc3339: text) {
      self = .instant(instant)
    } else {
      return nil
    }
  }
}

extension ScheduledDate: CustomStringConvertible {
  package var description: String {
    switch self {
    case .day(let day): day.description
    case .instant(let instant): instant.rfc3339
    }
  }
}

/// What a person did in one exercise: the id by which the API tells exercises of a session apart, and the log as the client wrote it.
package struct ExerciseLog: Hashable, Sendable {
  /// 1–128 characters without control characters.
  package let id: String
  /// The whole object, `exercise_id` included, passed through unchanged.
  package let fields: [String: JSONValue]

  package static let idRule = "must be a text of 1 to 128 characters without control characters"

  /// Returns nil when `fields` has no proper `exercise_id`.
  package init?(fields: [String: JSONValue]) {
    guard let id = fields["exercise_id"]?.string, (1...128).contains(id.unicodeScalars.count),
      !id.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    self.id = id
    self.fields = fields
  }
}

/// The client's own id of an action, 1–128 visible ASCII characters; dropping the same id again is harmless.
package struct ActionID: Hashable, Sendable {
  package let text: String

  package static let rule = "must be a text of 1 to 128 visible ASCII characters"

  package init?(_ text: String) {
    guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    self.text = text
  }
}

extension ActionID: CustomStringConvertible {
  package var description: String { text }
}

/// One thing that a person did to a session, as a client drops it.
package struct Action: Hashable, Sendable {
  package var session: Session
  package var change: Change
  package var id: ActionID?
  /// When the person did it; nil means: when it was dropped.
  package var recordedAt: Timestamp?

  /// What happens to the session.
  package enum Change: Hashable, Sendable {
    /// The session is done; `at` nil means: at the time of the drop.
    case complete(at: Timestamp?, rating: IntensityRating?, scheduled: ScheduledDate?)
    case uncomplete
    case rate(IntensityRating)
    case schedule(ScheduledDate)
    case logExercise(ExerciseLog)
  }

  package init(session: Session, change: Change, id: ActionID? = nil, recordedAt: Timestamp? = nil) {
    (self.session, self.change, self.id, self.recordedAt) = (session, change, id, recordedAt)
  }
}
