import ProgressModel

/// Whatever drops files: few sessions, so that much collides, and values that tell each drop apart where the field allows it.
struct Clients {
  private let hazards: Hazards
  private let circumstances: Circumstances
  private var drops = 0
  /// Actions with an id, some of which are dropped again.
  private var repeatable: [Action] = []
  /// Values that the API will not take, and how it says so.
  private(set) var doomed: [WriteValue: Doom] = [:]

  enum Doom: CaseIterable {
    /// 422, each time.
    case refused
    /// 500, each time.
    case poisonous
    /// No answer, each time.
    case unanswered
  }

  init(hazards: Hazards, circumstances: Circumstances) {
    (self.hazards, self.circumstances) = (hazards, circumstances)
  }

  /// The text of the next file and the actions in it; none for rubbish.
  mutating func nextFile() -> (text: [UInt8], actions: [Action]) {
    let roll = hazards.number(1...20)
    if roll == 1 { return (Array(hazards.pick(["{", "[]", "{\"action\":\"jump\"}", "", "[1]"]).utf8), []) }
    if roll == 2, !repeatable.isEmpty { return file(of: [hazards.pick(repeatable)]) }
    if roll <= 5 { return file(of: (0..<hazards.number(2...5)).map { _ in nextAction() }) }
    var action = nextAction()
    if hazards.chance(0.2) {
      action.id = ActionID("id-\(drops)")
      repeatable.append(action)
    }
    return file(of: [action])
  }

  /// A file with a completion of each of the sessions of the largest program.
  mutating func backlog() -> (text: [UInt8], actions: [Action]) {
    let program = circumstances.sessions[0].program
    return file(
      of: circumstances.sessions.filter { $0.program == program }.map { session in
        let change = completion
        doom(change)
        return Action(session: session, change: change)
      })
  }

  /// A file with newer and harmless actions for `keys`.
  mutating func remedy(for keys: [WriteKey]) -> (text: [UInt8], actions: [Action]) {
    file(of: keys.map { Action(session: $0.session, change: harmlessChange(of: $0.field)) })
  }

  private func file(of actions: [Action]) -> (text: [UInt8], actions: [Action]) {
    let text = actions.count == 1 ? ActionFile.serialize(actions[0]) : Array(JSONValue.array(actions.map(\.json)).serialized.utf8)
    return (text, actions)
  }

  private mutating func nextAction() -> Action {
    let change: Action.Change =
      switch hazards.number(1...10) {
      case 1...4: completion
      case 5, 6: .uncomplete
      case 7: .rate(hazards.pick(IntensityRating.allCases))
      case 8: .schedule(.instant(nextInstant))
      default: harmlessChange(of: .exercise(id: hazards.pick(["squat", "row"])))
      }
    doom(change)
    return Action(session: hazards.pick(circumstances.sessions), change: change)
  }

  private var completion: Action.Change {
    mutating get {
      let instant = nextInstant
      return .complete(
        at: hazards.chance(0.7) ? instant : nil, rating: hazards.chance(0.4) ? hazards.pick(IntensityRating.allCases) : nil,
        scheduled: hazards.chance(0.3) ? .instant(instant) : nil)
    }
  }

  private mutating func harmlessChange(of field: Field) -> Action.Change {
    let instant = nextInstant
    switch field {
    case .completion: return .complete(at: instant, rating: nil, scheduled: nil)
    case .intensity: return .rate(.perfect)
    case .schedule: return .schedule(.instant(instant))
    case .exercise(let id):
      let fields: [String: JSONValue] = ["exercise_id": .string(id), "reps": .integer(drops)]
      return ExerciseLog(fields: fields).map { .logExercise($0) } ?? .uncomplete
    }
  }

  /// An instant that no other drop has.
  private var nextInstant: Timestamp {
    mutating get {
      drops += 1
      return Timestamp(milliseconds: 1_700_000_000_000 + Int64(drops) * 1000)
    }
  }

  /// Values that other drops may have too are never doomed.
  private mutating func doom(_ change: Action.Change) {
    guard hazards.chance(circumstances.doomedShare) else { return }
    let value: WriteValue? =
      switch change {
      case .complete(let instant, _, let scheduled): scheduled.map { .scheduled($0) } ?? instant.map { .done(at: $0) }
      case .schedule(let date): .scheduled(date)
      case .logExercise(let log): .exercise(log)
      case .uncomplete, .rate: nil
      }
    if let value { doomed[value] = hazards.pick(Doom.allCases) }
  }
}
