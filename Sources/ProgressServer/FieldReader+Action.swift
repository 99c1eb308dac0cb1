import ProgressModel

extension FieldReader {
  /// The action of a body; nil when there are `problems`. Fields that the call does not know are ignored.
  mutating func action(_ name: ActionName, in program: ProgramID) -> Action? {
    let week = required("week_number", .sessionNumber)
    let day = required("day_number", .sessionNumber)
    guard let change = change(name), let week, let day, problems.isEmpty else { return nil }
    return Session(program: program, week: week, day: day).map { Action(session: $0, change: change) }
  }

  private mutating func change(_ name: ActionName) -> Action.Change? {
    switch name {
    case .complete:
      .complete(
        at: optional("completed_at", .instant),
        rating: optional("intensity_rating", .rating),
        scheduled: optional("scheduled_date", .date))
    case .uncomplete: .uncomplete
    case .intensity: required("intensity_rating", .rating).map { .rate($0) }
    case .schedule: required("scheduled_date", .date).map { .schedule($0) }
    case .exercise: exerciseLog().map { .logExercise($0) }
    }
  }

  private mutating func exerciseLog() -> ExerciseLog? {
    object("exercise") { exercise in
      exercise.required("exercise_id", .exerciseID).flatMap { _ in ExerciseLog(fields: exercise.fields) }
    }
  }
}
