#if DEBUG
  import Glibc
#endif

/// A moment at which a test can kill the daemon, to see that the next start makes good whatever was left half done.
///
/// In debug builds the environment variable `PROGRESS_CRASH_POINT` arms one of them: `claimed` ends the process with SIGKILL
/// when the point is reached for the first time, `claimed:3` for the third, and `claimed=hang` lets the thread that
/// reaches it stand still for ever. In release builds `reach` is empty, and nothing reads the variable.
package enum CrashPoint: String, CaseIterable, Sendable {
  /// What was handed over by socket is in `incoming/`, the directory is not synced, and nobody was answered.
  case entrusted
  /// A file has been renamed into `claimed/`, and the directories are not synced.
  case claimed
  /// A batch of claims is durable, and none of it has been read.
  case claimsSynced
  /// One file's actions are in the transaction that accepts its batch.
  case accepting
  /// A batch is accepted, and its files are still in `claimed/`.
  case accepted
  /// One accepted file has been unlinked.
  case unlinked
  /// The reasons of refused files are durable, and the files are still in `claimed/`.
  case reasonsWritten
  /// One refused file has been renamed into `rejected/`, and the directories are not synced.
  case rejected
  /// A request is about to be made.
  case sending
  /// A request has been answered, and nobody has been told.
  case answered
  /// Answers are known, and the queue knows nothing of them.
  case settling
  /// One write's fate is in the transaction that settles its turn's answers.
  case settlingOne
  /// Answers are settled in the queue, and their sessions still count as busy.
  case settled
  /// A migration of the queue has begun: those before it are committed.
  case migrating
  /// A migration of the queue has done all its work, and is not committed.
  case migrated
  /// All that can be read of a damaged queue stands in a fresh one, under a name that counts for nothing.
  case rescueFilled
  /// The fresh queue has the name that makes it count.
  case rescueCompleted
  /// Of the damaged queue the log has been set aside; then its index; then the database.
  case logSetAside, indexSetAside, databaseSetAside
  /// The fresh queue stands in the place of the damaged one.
  case queueReplaced

  /// Those that only a damaged queue leads to.
  package static let ofRescue: [CrashPoint] = [
    .rescueFilled, .rescueCompleted, .logSetAside, .indexSetAside, .databaseSetAside, .queueReplaced,
  ]

  /// Kills the process, or stands still, when a test has armed this point.
  package func reach() {
    #if DEBUG
      guard let armed = ArmedCrashPoint.fromEnvironment, armed.point == self, armed.isDue() else { return }
      switch armed.end {
      case .kill: kill(getpid(), SIGKILL)
      case .hang: while true { pause() }
      }
    #endif
  }
}
