import ControlProtocol
import ProgressModel
import Testing

@Suite("Reports for scripts")
struct ReportJSONTests {
  private let retrying = QueueItem(
    id: 8, key: "exercise-p1-1-3-\"squat\"", state: .retrying, attempts: 1, maximumAttempts: 3, acceptedAt: start,
    nextAttemptAt: start + .seconds(1), lastStatus: 503, lastError: "busy\u{202e}", sender: 1000)
  private let failed = QueueItem(
    id: 9, key: "intensity-p1-1-3", state: .failed, attempts: 1, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: nil, lastStatus: 422,
    lastError: "no")

  @Test("an entry's shape is the one that scripts rely on; what is unknown is left out")
  func entry() throws {
    #expect(
      try ControlCoding.text(of: retrying)
        == #"{"accepted_at":"2026-01-28T15:30:00Z","attempts":1,"id":8,"key":"exercise-p1-1-3-\"squat\"","last_error":"busy\u202e","#
        + #""last_status":503,"max_attempts":3,"next_attempt_at":"2026-01-28T15:30:01Z","sender_uid":1000,"state":"retrying","#
        + #""waiting_since":"2026-01-28T15:30:00Z"}"#)
    #expect(
      try ControlCoding.text(of: failed)
        == #"{"accepted_at":"2026-01-28T15:30:00Z","attempts":1,"id":9,"key":"intensity-p1-1-3","last_error":"no","last_status":422,"#
        + #""max_attempts":3,"sender_uid":0,"state":"failed","waiting_since":"2026-01-28T15:30:00Z"}"#)
  }

  @Test("the status comes over the socket as it was sent")
  func status() throws {
    var report = StatusReport(daemon: DaemonReport(running: true, pid: 7))
    (report.waiting, report.retrying, report.parked, report.failed) = (3, 2, 1, 4)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (start, start)
    report.lastSyncs = [StatusReport.Sync(key: "complete-p1-1-3", at: start)]
    report.failures = [failed]
    report.endpoint = EndpointReport(state: .held, since: start, reason: "bad token", status: 401, nextProbeAt: start + .seconds(300))
    report.pause = PauseReport(since: start, until: nil, by: 1000)
    report.spool = SpoolReport(directory: "/s", waiting: 1, claimed: 3, oldestClaimAt: start, rejected: 2, isWatched: true)
    report.disk = DiskReport(queue: 4096, free: 1 << 40)
    report.lastMinute = RateReport(accepted: 1, delivered: 2, retried: 3)
    let text = try ControlCoding.text(of: report)
    #expect(text.contains(#""pending":6"#))
    #expect(try ControlCoding.value(StatusReport.self, from: text.utf8) == report)
  }

  @Test("a choice of entries may leave out what it does not choose by")
  func choice() throws {
    #expect(try ControlCoding.value(EntryChoice.self, from: #"{"ids":[3]}"#.utf8) == EntryChoice(ids: [3]))
    #expect(try ControlCoding.value(EntryChoice.self, from: #"{"all_failed":true,"later":1}"#.utf8) == EntryChoice(allFailed: true))
    #expect(try ControlCoding.value(EntryChoice.self, from: "{}".utf8).isEmpty)
  }
}
