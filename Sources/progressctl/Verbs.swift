import ArgumentParser
import ProgressModel

struct Complete: DropCommand {
  static let action = ActionName.complete
  static let configuration = CommandConfiguration(
    abstract: "A session is done.",
    discussion: """
      Examples:
        progressctl complete p1 1 3
        progressctl complete p1 1 3 --at 2026-01-28T15:30:00Z --rating hard
        progressctl complete p1 1 3 --date 2026-01-28 --json
        progressctl complete p1 1 3 --wait && echo safe
      """)

  @OptionGroup var session: SessionArguments

  @Option(help: ArgumentHelp("When it was done, with a zone: 2026-01-28T15:30:00Z; default: now.", valueName: "instant"))
  var at: String?

  @Option(help: "How hard it felt: easy, perfect or hard.", completion: .ratings)
  var rating: String?

  @Option(help: "The day it was planned for: 2026-01-28.")
  var date: String?

  @OptionGroup var options: DropOptions

  func fields() -> [String: JSONValue] {
    ["completed_at": at, "intensity_rating": rating, "scheduled_date": date].compactMapValues { $0.map { .string($0) } }
  }
}

struct Uncomplete: DropCommand {
  static let action = ActionName.uncomplete
  static let configuration = CommandConfiguration(
    abstract: "A session is not done after all.",
    usage: "progressctl uncomplete [<options>] <program> <week> <day>",
    discussion: """
      Example:
        progressctl uncomplete p1 1 3
      """)

  @OptionGroup var session: SessionArguments
  @OptionGroup var options: DropOptions

  func fields() -> [String: JSONValue] { [:] }
}

struct Rate: DropCommand {
  static let action = ActionName.intensity
  static let configuration = CommandConfiguration(
    abstract: "How hard a session felt.",
    usage: "progressctl rate [<options>] <program> <week> <day> <rating>",
    discussion: """
      Example:
        progressctl rate p1 1 3 perfect
      """)

  @OptionGroup var session: SessionArguments

  @Argument(help: "easy, perfect or hard.", completion: .ratings)
  var rating: String

  @OptionGroup var options: DropOptions

  func fields() -> [String: JSONValue] { ["intensity_rating": .string(rating)] }
}

struct Schedule: DropCommand {
  static let action = ActionName.schedule
  static let configuration = CommandConfiguration(
    abstract: "When a session is planned.",
    usage: "progressctl schedule [<options>] <program> <week> <day> <date>",
    discussion: """
      Examples:
        progressctl schedule p1 1 3 2026-01-28
        progressctl schedule p1 1 3 2026-01-28T18:00:00+01:00
      """)

  @OptionGroup var session: SessionArguments

  @Argument(help: "A day, 2026-01-28, or an instant with a zone.")
  var date: String

  @OptionGroup var options: DropOptions

  func fields() -> [String: JSONValue] { ["scheduled_date": .string(date)] }
}

struct LogExercise: DropCommand {
  static let action = ActionName.exercise
  static let configuration = CommandConfiguration(
    commandName: "log-exercise",
    abstract: "What was done in one exercise of a session.",
    discussion: """
      The log is an object of your own fields. A value of --set that is JSON (5, 102.5, \
      true, [5,5,3]) is taken as such, and any other as text; quote it twice to have a \
      number as text: 'notes="5"'.

      Examples:
        progressctl log-exercise p1 1 3 squat --set sets=3 reps=5 weight=102.5
        progressctl log-exercise p1 1 3 squat --set 'notes=felt good'
        progressctl log-exercise p1 1 3 squat --log '{"sets":[{"reps":5}]}'
        jq .squat day.json | progressctl log-exercise p1 1 3 squat --file -
      """)

  @OptionGroup var session: SessionArguments

  @Argument(help: "The exercise's id.")
  var exercise: String

  @OptionGroup var log: ExerciseOptions
  @OptionGroup var options: DropOptions

  func fields() throws -> [String: JSONValue] { ["exercise": .object(try log.fields(of: exercise))] }
}
