import ControlProtocol
import ControlServer
import ProgressModel
import Synchronization

/// A daemon whose answers are always the same, those of `docs/CONTROL.md`, and which remembers what it was asked.
final class SamplePort: ControlPort {
  /// More entries than a page has, when a test wants them.
  let entryCount: Int64
  let commands = Mutex<[(ControlCommand, Caller)]>([])
  let mailboxes = Mutex<[EventMailbox]>([])
  let pages = Mutex(0)
  /// Whether commands are not done before this is false.
  let isBusy = Mutex(false)

  init(entryCount: Int64 = 0) {
    self.entryCount = entryCount
  }

  static func instant(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

  func status(for caller: Caller) async throws -> StatusReport {
    var report = StatusReport(daemon: DaemonReport(running: true, pid: 4_711))
    (report.daemon.version, report.daemon.startedAt) = ("0.1.0", Self.instant("2026-01-28T06:00:00Z"))
    (report.daemon.isOutdated, report.daemon.logLevel, report.daemon.apiBaseURL) = (false, "info", "https://progress.example.org")
    (report.retrying, report.failed) = (1, 1)
    report.oldestAcceptedAt = Self.instant("2026-01-28T15:02:00Z")
    report.lastSyncedAt = Self.instant("2026-01-28T14:59:00Z")
    report.lastSyncs = [.init(key: "complete-p1-1-2", at: Self.instant("2026-01-28T14:59:00Z"))]
    report.endpoint = EndpointReport(
      state: .unreachable, since: Self.instant("2026-01-28T15:00:00Z"), reason: "connection refused",
      nextProbeAt: Self.instant("2026-01-28T15:31:00Z"))
    report.accounts = [
      AccountReport(
        uid: 1_000, user: "alice", state: .held, cause: .refused, entries: 1, since: Self.instant("2026-01-28T15:00:00Z"),
        reason: "bad token", status: 401,
        nextProbeAt: Self.instant("2026-01-28T15:05:00Z"),
        remedy: "put a valid token into /etc/progress-sync/tokens/alice, then systemctl restart progress-syncd")
    ]
    report.spool = SpoolReport(directory: "/var/spool/progress-sync", waiting: 0, rejected: 1, isWatched: true)
    report.disk = DiskReport(queue: 8_421_376, free: 52_428_800)
    report.lastMinute = RateReport(accepted: 0, delivered: 0, retried: 0)
    report.lastHour = RateReport(accepted: 4, delivered: 2, retried: 1)
    return report
  }

  func entries(
    matching filter: QueueFilter, for caller: Caller, after last: Int64, atMost limit: Int
  ) async throws -> [QueueItem] {
    guard entryCount == 0 else {
      pages.withLock { $0 += 1 }
      return (last..<min(last + Int64(limit), entryCount)).map { item($0 + 1, "complete-p1-1-1", .waiting) }
    }
    guard filter.states == [.failed, .retrying], last == 0 else { return [] }
    var (waiting, failed) = (item(7, "complete-p1-1-3", .retrying), item(8, "intensity-p1-1-3", .failed))
    (waiting.attempts, waiting.lastError, waiting.nextAttemptAt) = (2, "connection refused", Self.instant("2026-01-28T15:31:00Z"))
    (failed.lastStatus, failed.lastError) = (422, "no such session")
    (waiting.recordedAt, waiting.value) = (Self.instant("2026-01-28T15:01:59Z"), #"{"completed_at":"2026-01-28T15:01:59Z"}"#)
    failed.acceptedAt = Self.instant("2026-01-28T15:03:00Z")
    failed.waitingSince = failed.acceptedAt
    return [waiting, failed]
  }

  private func item(_ id: Int64, _ key: String, _ state: QueueItem.State) -> QueueItem {
    QueueItem(
      id: id, key: key, state: state, attempts: 0, maximumAttempts: 3, acceptedAt: Self.instant("2026-01-28T15:02:00Z"), nextAttemptAt: nil,
      sender: 1_000)
  }

  func action(_ inquiry: ActionInquiry, for caller: Caller) async throws -> ActionReport {
    guard inquiry.id.text == "A1" else {
      // What never comes.
      try await Task.sleep(for: inquiry.patience)
      return ActionReport(state: .unknown)
    }
    return ActionReport(state: .synced)
  }

  func events(matching filter: EventFilter, for caller: Caller) -> EventMailbox {
    let mailbox = EventMailbox(capacity: 10) { caller.maySee($0) && filter.wants($0) }
    mailboxes.withLock { $0.append(mailbox) }
    mailbox.deliver([Self.event(7, of: caller.uid == 0 ? 1_000 : caller.uid)])
    // The one that the page shows ends by itself.
    if !filter.programs.isEmpty { mailbox.end() }
    return mailbox
  }

  static func event(_ id: Int64, of sender: UInt32 = 1_000) -> LiveEvent {
    var event = LiveEvent(at: instant("2026-01-28T15:02:00Z"), kind: .accepted, text: "Accepted: complete-p1-1-3")
    (event.id, event.key, event.program, event.sender) = (id, "complete-p1-1-3", "p1", sender)
    return event
  }

  func perform(_ command: ControlCommand, for caller: Caller) async throws -> CommandReport {
    commands.withLock { $0.append((command, caller)) }
    while isBusy.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
    if case .retry = command {
      return CommandReport(changed: 1, missing: ["complete-p9-1-1"], message: "1 entry tried again now; 1 named is not there")
    }
    if case .pause = command, !caller.isAdministrator { throw ControlRefusal(.notPermitted, "pause is for root") }
    return CommandReport(message: "done")
  }

  func rejectedFiles(for caller: Caller) async throws -> [RejectedFile] {
    let reason = "week_number: must be a whole number from 1 to 1000, is 0"
    return [RejectedFile(name: "plan.json", reason: reason, size: 87, rejectedAt: Self.instant("2026-01-28T15:04:00Z"), sender: 1_000)]
  }
  func rejectedFile(named name: String, for caller: Caller) async throws -> [UInt8] {
    throw ControlRefusal(.notFound, "there is no \(name) of yours")
  }
  func requeue(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport { CommandReport(message: "done") }
  func discard(_ choice: RejectedChoice, for caller: Caller) async throws -> CommandReport { CommandReport(message: "done") }
  func configuration(for caller: Caller) async throws -> ConfigurationReport {
    let file = "/etc/progress-sync/config.yaml"
    let values = [("api.base_url", "https://progress.example.org", "\(file):2"), ("log.level", "info", "default")]
    return ConfigurationReport(file: file, values: values.map { .init(key: $0, value: $1, origin: $2) })
  }
  func metrics() async throws -> String { "progress_sync_up 1\n" }
}
