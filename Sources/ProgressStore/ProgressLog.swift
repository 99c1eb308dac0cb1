package import ProgressModel

/// What is stored about one session: one row per user and session, created by the first write to it.
package struct ProgressLog: Hashable, Sendable {
  /// The engine's own number of the row; stable for the row's life and never given to another row.
  package let id: Int64
  package let session: Session
  package let completed: Bool
  /// When the session was done; nil unless `completed`.
  package let completedAt: Timestamp?
  /// What the person said about the session, by `FeedbackName`.
  package let feedback: [String: JSONValue]
  package let createdAt: Timestamp
  package let updatedAt: Timestamp

  package init(
    id: Int64, session: Session, completed: Bool, completedAt: Timestamp?, feedback: [String: JSONValue], createdAt: Timestamp,
    updatedAt: Timestamp
  ) {
    (self.id, self.session, self.completed, self.completedAt) = (id, session, completed, completedAt)
    (self.feedback, self.createdAt, self.updatedAt) = (feedback, createdAt, updatedAt)
  }
}

/// The names in the feedback of a `ProgressLog`, the same in every engine and in the API's answers.
package enum FeedbackName {
  /// A text: `easy`, `perfect` or `hard`.
  package static let intensityRating = "intensityRating"
  /// A text: `2026-01-28`, or an instant in UTC with its zone.
  package static let scheduledDate = "scheduledDate"
  /// An array of exercise logs, at most one per `exercise_id`; the one written last stands last.
  package static let exerciseLogs = "exerciseLogs"
}

/// The progress in one program as it stood at one moment.
package struct ProgramProgress: Hashable, Sendable {
  /// How many sessions the program's plan has; sessions outside the plan can be logged all the same.
  package let totalSessions: Int
  /// Ordered by week, then day.
  package let logs: [ProgressLog]

  package init(totalSessions: Int, logs: [ProgressLog]) {
    (self.totalSessions, self.logs) = (totalSessions, logs)
  }
}
