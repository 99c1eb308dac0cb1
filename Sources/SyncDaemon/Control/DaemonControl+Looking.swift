import ControlProtocol
import ControlServer
import Glibc
import Logging
import ProgressModel
import Spool
import SyncStore
import SystemPackage
import Systemd

extension DaemonControl {
  /// How many of the caller's failed entries a status holds.
  private static let shownFailures = 5

  func status(for caller: Caller) async throws -> StatusReport {
    let now = now()
    let configuration = commons.running.now
    var report = StatusReport(daemon: daemonReport)
    let census = try await queue.look { try $0.census() }
    let counts = census.counts
    (report.waiting, report.retrying, report.parked, report.failed) = (counts.waiting, counts.retrying, counts.parked, counts.failed)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (census.oldestPendingAt, counts.lastSyncedAt)
    report.lastSyncs = commons.chronicle.syncs(of: caller.confinement)
    let readings = commons.instruments.now
    report.endpoint = commons.chronicle.endpoint(hasTried: readings.hasTried, inFlight: readings.requestsInFlight, now: now)
    let spool = SpoolCensus(root: configuration.spool.directory)
    report.spool = SpoolReport(
      directory: configuration.spool.directory.string, waiting: spool.incoming ?? 0, rejected: spool.rejected ?? 0, isWatched: true)
    let files = QueueFiles(path: configuration.queuePath.string)
    report.disk = DiskReport(
      queue: Int64(files.database + files.log + files.reserve), free: Int64(files.free), trouble: readings.storageTrouble)
    (report.lastMinute, report.lastHour) = commons.chronicle.rates(now)
    return report
  }

  private var daemonReport: DaemonReport {
    var report = DaemonReport(running: true, pid: getpid())
    (report.version, report.startedAt, report.logLevel) = (Daemon.version, startedAt, commons.threshold.level.rawValue)
    (report.apiBaseURL, report.isOutdated) = (commons.running.now.api.baseURL.maskingUserInfo, Self.isProgramReplaced)
    return report
  }

  /// Whether the file that this process was started from is not there any more: proc_pid_exe(5).
  private static var isProgramReplaced: Bool? {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &path, path.count)
    guard length > 0 else { return nil }
    return String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self).hasSuffix(" (deleted)")
  }

  func entries(
    matching filter: QueueFilter, for caller: Caller, after last: Int64, atMost limit: Int
  ) async throws -> [QueueItem] {
    []
  }

  func action(_ inquiry: ActionInquiry, for caller: Caller) async throws -> ActionReport {
    let mailbox = commons.live.mailbox { _ in true }
    defer { mailbox.end() }
    let clock = ContinuousClock()
    let deadline = clock.now + inquiry.patience
    while true {
      // Whatever happens after this look is in the mailbox.
      let report = try await state(of: inquiry, for: caller)
      let rest = deadline - clock.now
      guard !inquiry.isSettled(by: report.state), rest > .zero, await mailbox.next(within: rest) != nil else { return report }
    }
  }

  private func state(of inquiry: ActionInquiry, for caller: Caller) async throws -> ActionReport {
    ActionReport(state: try await queue.look { try $0.isAccepted(inquiry.id, sender: caller.uid) } ? .accepted : .unknown)
  }
}
