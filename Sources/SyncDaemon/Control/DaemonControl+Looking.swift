import ControlProtocol
import ControlServer
import Glibc
import Logging
import ProgressModel
import Spool
import SyncPolicy
import SyncStore
import SystemPackage
import Systemd

extension DaemonControl {
  /// Bytes of values on one page of a listing.
  private static let pageBytes = 256 << 10
  /// How many of the caller's failed entries a status holds.
  private static let shownFailures = 5

  func status(for caller: Caller) async throws -> StatusReport {
    let now = now()
    let configuration = commons.running.now
    var report = StatusReport(daemon: daemonReport)
    let (census, suspension, failures, entries) = try await queue.look { store in
      try (
        store.census(), store.suspension(), store.latestFailures(sender: caller.confinement, atMost: Self.shownFailures),
        store.rowsByAccount()
      )
    }
    let counts = census.counts
    (report.waiting, report.retrying, report.parked, report.failed) = (counts.waiting, counts.retrying, counts.parked, counts.failed)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (census.oldestPendingAt, counts.lastSyncedAt)
    report.failures = failures.map { QueueItem($0, maximumAttempts: configuration.retry.backoff.count) }
    if let suspension, !suspension.hasEnded(now: now) {
      report.pause = PauseReport(since: suspension.since, until: suspension.until, by: suspension.by)
    }
    report.lastSyncs = commons.chronicle.syncs(of: caller.confinement)
    let readings = commons.instruments.now
    report.endpoint = EndpointReport(readings, now: now)
    report.accounts = AccountReport.all(readings, entries: entries, directory: configuration.api.userTokens)
      .filter { caller.owns(whatWasDroppedBy: $0.uid) }
    let (spool, files) = await desk.run {
      (SpoolCensus(root: configuration.spool.directory), QueueFiles(path: configuration.queuePath.string))
    }
    report.spool = SpoolReport(
      directory: configuration.spool.directory.string, waiting: spool.incoming, claimed: spool.claimed, oldestClaimAt: spool.oldestClaimAt,
      rejected: spool.rejected, isWatched: readings.isSpoolWatched)
    report.bounds = readings.reachedBounds.filter { caller.confinement == nil || caller.confinement == $0.sender }.map(BoundReport.init)
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
    let maximumAttempts = commons.running.now.retry.backoff.count
    let filter = EntryFilter(states: Set(filter.states.map { WriteState($0) }), keys: filter.keys, sequences: filter.ids)
    let entries = try await queue.look { store in
      try store.entries(matching: filter, sender: caller.confinement, after: last, atMost: limit, bytes: Self.pageBytes)
    }
    return entries.map { QueueItem($0, maximumAttempts: maximumAttempts) }
  }

  func action(_ inquiry: ActionInquiry, for caller: Caller) async throws -> ActionReport {
    // One is enough to look anew.
    let mailbox = commons.live.mailbox(capacity: 1) { inquiry.isConcerned(by: $0, asker: caller) }
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
    switch try await queue.look({ try $0.state(of: inquiry.id, sender: caller.uid, keys: inquiry.keys, confinedTo: caller.confinement) }) {
    case .unknown: ActionReport(state: .unknown)
    case .accepted(let entry): ActionReport(state: .accepted, reason: entry?.lastReason)
    case .failed(let entry): ActionReport(state: .failed, reason: entry.lastReason)
    case .discarded(let user): ActionReport(state: .discarded, reason: "by user \(user)")
    case .synced: ActionReport(state: .synced)
    }
  }
}

extension BoundReport {
  fileprivate init(_ hold: ReachedBound) {
    let bound: Bound =
      switch hold.bound {
      case .files: .files
      case .keys: .keys
      case .bytes: .bytes
      }
    self.init(sender: hold.sender, bound: bound, limit: hold.limit, since: hold.since)
  }
}

extension ActionInquiry {
  /// Whether an event may change the answer: one of an entry under its keys, or of many entries at once.
  func isConcerned(by event: LiveEvent, asker: Caller) -> Bool {
    guard event.isAboutEntryOrFile else { return event.kind == .discarded && (event.sender == nil || event.sender == asker.uid) }
    guard let key = event.key else { return false }
    return keys.isEmpty ? event.sender == asker.uid : keys.contains(key)
  }
}
