import ProgressModel

/// What does not change in a life: how much there is to do, and how the API is made.
struct Circumstances {
  /// In a life of backlog, programs have many sessions, and the API is away for hours.
  let hasBacklog: Bool
  let sessions: [Session]
  /// Whether the API is one of the first ones, which have no bulk-sync.
  let lacksBulkSync: Bool
  /// A bulk of more sessions is too large for the API.
  let largestBulk: Int
  /// Who drops files.
  let users: [UInt32] = [1_000, 1_001, 1_002]
  /// Whether some of them have tokens of their own, which come and go.
  let hasTokens: Bool
  /// How likely the API will not take a value, whenever it comes.
  let doomedShare: Double

  init(hazards: Hazards, hasBacklog: Bool?) {
    self.hasBacklog = hasBacklog ?? hazards.chance(0.06)
    let size = self.hasBacklog ? (programs: 4, days: hazards.pick([25, 40, 60, 150])) : (programs: 2, days: 3)
    sessions = (1...size.programs).compactMap { ProgramID("p\($0)") }.enumerated().flatMap { number, program in
      // One program has most of it.
      (1...(number == 0 ? size.days : 3)).compactMap { Session(program: program, week: 1, day: $0) }
    }
    hasTokens = hazards.chance(0.6)
    lacksBulkSync = hazards.chance(0.25)
    largestBulk = hazards.pick([50, 50, 20, 7])
    doomedShare = hazards.pick([0, 0, 0, 0.03])
  }
}
