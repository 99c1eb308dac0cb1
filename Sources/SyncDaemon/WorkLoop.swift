import Logging
import ProgressModel
import ServiceLifecycle
import Spool
import SyncStore

/// Turns the engine whenever something rings or is due, starts the requests that it asks for, and tells systemd.
///
/// The watchdog is fed here and nowhere else: what does not turn any more is restarted.
struct WorkLoop: Service {
  let configuration: Configuration
  let store: SyncStore
  let commons: Commons
  let reloader: Reloader
  /// Whether somebody may be told on a desktop what takes a person.
  let hasDesktop: Bool
  let logger: Logger
  let now: @Sendable () -> Timestamp

  /// Works until it is told to stop. After a repair of the queue it goes on with the tokens in force, which may be unreadable by now, and then
  /// reads them as at any other time. Throws `SpoolError` when there is no spool to begin with, and
  /// `APIClientError` or `DaemonError` when the API's settings do not hold.
  func run() async throws {
    defer { commons.close() }
    let spool = try SpoolReader(
      root: configuration.spool.directory, limits: configuration.spoolLimits, times: commons.instruments.spoolTimes)
    try spool.lock()
    let notes = DropNotes()
    spool.notes = notes
    let first = if let client = commons.running.client { client.again } else { try await firstClient() }
    let token = TokenWatch(configuration, first.settings, first.users, logger: logger)
    let systemWatch = SystemWatch(doorbell: commons.doorbell, logger: logger)
    let spoolWatch = SpoolWatch(
      root: configuration.spool.directory, patience: configuration.spool.rescanInterval, doorbell: commons.doorbell,
      instruments: commons.instruments, notes: notes, logger: logger)
    let watcher = spoolWatch.begin()
    let board = hasDesktop ? NoticeBoard(logger: logger) : nil
    let notices = Notices(configuration, board: board, logger: logger)
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await spoolWatch.run(from: watcher) }
        group.addTask { await systemWatch.run() }
        if let board { group.addTask { await board.run() } }
        await work(Shift(self, spool, first.client, token, notices), in: &group)
        group.cancelAll()
      }
    } onCancelOrGracefulShutdown: {
      commons.doorbell.ring { $0.isStopping = true }
    }
  }

  /// Has those who have tokens looked up before anything of theirs is taken for somebody else's, as far as the system answers in time.
  private func firstClient() async throws -> ClientInForce {
    for user in try configuration.readFirstUserTokens().users { _ = UserName.name(of: user) }
    await commons.users.settle(within: UserDirectory.patience)
    return try configuration.readFirstClient()
  }

  /// Waits, takes up what has rung, turns the engine, and does what comes of it; and so on.
  private func work(_ shift: Shift, in group: inout DiscardingTaskGroup) async {
    var shift = shift
    shift.begin(in: &group)
    while !shift.isOver {
      let rings = await commons.doorbell.take(until: shift.wakeAt)
      let input = shift.take(rings, in: &group)
      shift.turn(input, now: now())
    }
    shift.end(now: now())
  }
}
