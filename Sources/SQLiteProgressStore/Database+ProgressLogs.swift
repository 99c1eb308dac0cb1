import GRDB
import ProgressModel
import ProgressStore

extension Database {
  /// Applies one action as one upsert per field that it names, and returns the session's log after it.
  func apply(_ action: Action, of user: UserID, at arrival: Timestamp) throws -> ProgressLog {
    for write in action.writes(droppedAt: arrival) { try apply(write, of: user, at: arrival) }
    guard let log = try log(of: action.session, of: user) else { throw ProgressStoreError.noProgressLog(action.session) }
    return log
  }

  private func apply(_ write: Write, of user: UserID, at arrival: Timestamp) throws {
    let statement = try cachedStatement(sql: write.value.statement)
    try statement.execute(arguments: [
      "user": user.text,
      "program": write.session.program.text,
      "week": write.session.week,
      "day": write.session.day,
      "value": write.value.stored,
      "arrival": arrival.rfc3339,
    ])
  }

  private func log(of session: Session, of user: UserID) throws -> ProgressLog? {
    let sql = "SELECT * FROM progress_logs WHERE user_id = ? AND program_id = ? AND week_number = ? AND day_number = ?"
    let arguments: StatementArguments = [user.text, session.program.text, session.week, session.day]
    return try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments).map(ProgressLog.init(row:))
  }

  func logs(in program: ProgramID, week: Int?, of user: UserID) throws -> [ProgressLog] {
    let sql = """
      SELECT * FROM progress_logs
      WHERE user_id = ? AND program_id = ? AND week_number BETWEEN ? AND ?
      ORDER BY week_number, day_number
      """
    let weeks = week.map { $0...$0 } ?? Session.numbers
    let arguments: StatementArguments = [user.text, program.text, weeks.lowerBound, weeks.upperBound]
    return try Row.fetchAll(self, sql: sql, arguments: arguments).map(ProgressLog.init(row:))
  }
}

extension WriteValue {
  /// The statement that gives `:value` to the field, and leaves every other field of a row that is already there.
  fileprivate var statement: String {
    switch self {
    case .done:
      Self.upsert(completed: "1, :value", feedback: "'{}'", update: "completed = 1, completed_at = excluded.completed_at")
    case .undone:
      """
      UPDATE progress_logs SET completed = 0, completed_at = :value, updated_at = :arrival
      WHERE user_id = :user AND program_id = :program AND week_number = :week AND day_number = :day
      """
    case .rating:
      Self.upsert(feedbackName: FeedbackName.intensityRating)
    case .scheduled:
      Self.upsert(feedbackName: FeedbackName.scheduledDate)
    case .exercise:
      Self.upsert(
        feedback: "json_object('\(FeedbackName.exerciseLogs)', json_array(json(:value)))",
        update: "feedback = json_set(feedback, '$.\(FeedbackName.exerciseLogs)', json((\(Self.exerciseLogs))))")
    }
  }

  /// The exercise logs of a row that is already there, with the one of the same exercise replaced. A merge patch would
  /// not do: it mixes the old log's fields into the new one.
  private static let exerciseLogs = """
    SELECT json_group_array(json(log)) FROM (
      SELECT value AS log FROM json_each(feedback, '$.\(FeedbackName.exerciseLogs)')
      WHERE value ->> 'exercise_id' <> :value ->> 'exercise_id'
      UNION ALL SELECT :value)
    """

  private static func upsert(feedbackName name: String) -> String {
    upsert(feedback: "json_object('\(name)', :value)", update: "feedback = json_patch(feedback, excluded.feedback)")
  }

  private static func upsert(completed: String = "0, NULL", feedback: String, update: String) -> String {
    """
    INSERT INTO progress_logs
      (user_id, program_id, week_number, day_number, completed, completed_at, feedback, created_at, updated_at)
    VALUES (:user, :program, :week, :day, \(completed), \(feedback), :arrival, :arrival)
    ON CONFLICT (user_id, program_id, week_number, day_number) DO UPDATE SET \(update), updated_at = excluded.updated_at
    """
  }

  /// What `:value` stands for; NULL ends a completion.
  fileprivate var stored: String? {
    switch self {
    case .done(let instant): instant.rfc3339
    case .undone: nil
    case .rating(let rating): rating.rawValue
    case .scheduled(let date): date.description
    case .exercise(let log): JSONValue.object(log.fields).serialized
    }
  }
}
