package import ProgressModel

/// Where the progress API keeps programs and progress. One conformance suite holds every engine to this contract.
///
/// - A call that returns has committed durably: what it wrote survives a crash of the process and of the machine.
///   A call that throws has written nothing.
/// - Any number of calls, from any number of processes on the same database, may run at once. Writers wait for each other;
///   they neither fail nor make a second row for a session because of it.
/// - A user sees and changes only their own rows; another user's program is as good as none.
/// - Wall time is an argument; an engine reads no clock.
package protocol ProgressStore: Sendable {
  /// Applies `actions` in order, all of them or none, and returns each one's log as it stood after it.
  ///
  /// Writes are per field: what an action does not name stays as it is. The write that arrives last wins its field; an
  /// action's `id` and `recordedAt` are not looked at.
  ///
  /// - *complete*: completed, at the given instant or else at `arrival`; rating and date only when given.
  /// - *uncomplete*: not completed and no instant; the feedback stays. Throws `noProgressLog` for a session without a log.
  /// - *intensity*, *schedule*: the one entry of the feedback; whether the session is completed stays.
  /// - *exercise*: replaces the log of the same `exercise_id` as a whole.
  ///
  /// - Parameter arrival: When the server received the actions; the log's `createdAt` and `updatedAt`.
  /// - Throws: `noProgram` when any action's program is missing, before anything else is looked at.
  func apply(_ actions: [Action], of user: UserID, at arrival: Timestamp) async throws(ProgressStoreError) -> [ProgressLog]

  /// The progress in a program, read as one snapshot.
  ///
  /// - Parameter week: Only the logs of this week; nil for all.
  /// - Throws: `noProgram`.
  func progress(in program: ProgramID, week: Int?, of user: UserID) async throws(ProgressStoreError) -> ProgramProgress

  /// Stores a program or replaces the one with its id, whose progress stays. Returns whether the program is new.
  func save(_ program: Program, of user: UserID, at arrival: Timestamp) async throws(ProgressStoreError) -> Bool

  /// Throws `noProgram` when there is none.
  func program(_ id: ProgramID, of user: UserID) async throws(ProgressStoreError) -> Program

  /// All programs of a user, ordered by id.
  func programs(of user: UserID) async throws(ProgressStoreError) -> [ProgramSummary]

  /// Deletes a program together with all progress in it, in one transaction. Throws `noProgram` when there is none.
  func deleteProgram(_ id: ProgramID, of user: UserID) async throws(ProgressStoreError)

  /// Returns when the database can be read, and throws `unavailable` otherwise.
  func check() async throws(ProgressStoreError)
}
