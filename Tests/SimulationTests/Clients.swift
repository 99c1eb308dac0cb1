import ProgressModel

/// Whatever drops files: few sessions, so that much collides, and values that tell each drop apart where the field allows it.
struct Clients {
  private let hazards: Hazards
  private let sessions: [Session]
  private var drops = 0
  /// Actions with an id, some of which are dropped again.
  private var repeatable: [Action] = []

  init(hazards: Hazards) {
    self.hazards = hazards
    sessions = ["p1", "p2"].compactMap { ProgramID($0) }.flatMap { program in
      (1...3).compactMap { Session(program: program, week: 1, day: $0) }
    }
  }

  /// The text of the next file and the actions in it; none for rubbish.
  mutating func nextFile() -> (text: [UInt8], actions: [Action]) {
    let roll = hazards.number(1...20)
    if roll == 1 { return (Array(hazards.pick(["{", "[]", "{\"action\":\"jump\"}", "", "[1]"]).utf8), []) }
    if roll == 2, !repeatable.isEmpty {
      let action = hazards.pick(repeatable)
      return (ActionFile.serialize(action), [action])
    }
    if roll <= 5 {
      let actions = (0..<hazards.number(2...5)).map { _ in nextAction() }
      return (Array(JSONValue.array(actions.map(\.json)).serialized.utf8), actions)
    }
    var action = nextAction()
    if hazards.chance(0.2) {
      action.id = ActionID("id-\(drops)")
      repeatable.append(action)
    }
    return (ActionFile.serialize(action), [action])
  }

  private mutating func nextAction() -> Action {
    drops += 1
    let instant = Timestamp(milliseconds: 1_700_000_000_000 + Int64(drops) * 1000)
    let rating = hazards.pick(IntensityRating.allCases)
    let change: Action.Change =
      switch hazards.number(1...10) {
      case 1...4:
        .complete(
          at: hazards.chance(0.7) ? instant : nil, rating: hazards.chance(0.4) ? rating : nil,
          scheduled: hazards.chance(0.3) ? .instant(instant) : nil)
      case 5, 6: .uncomplete
      case 7: .rate(rating)
      case 8: .schedule(.instant(instant))
      default: exercise
      }
    return Action(session: hazards.pick(sessions), change: change)
  }

  private var exercise: Action.Change {
    let fields: [String: JSONValue] = ["exercise_id": .string(hazards.pick(["squat", "row"])), "reps": .integer(drops)]
    return ExerciseLog(fields: fields).map { .logExercise($0) } ?? .uncomplete
  }
}
