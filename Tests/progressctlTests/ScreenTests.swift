import ControlClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import Testing

@testable import progressctl

@Suite("What people see")
struct ScreenTests {
  private let items = [
    QueueItem(
      id: 1, key: "complete-p1-1-3", state: .waiting, attempts: 0, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .milliseconds(500)
    ),
    QueueItem(
      id: 1, key: "intensity-p1-1-3", state: .retrying, attempts: 1, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .seconds(9),
      lastError: "503: busy"),
    QueueItem(
      id: 1, key: "exercise-p1-1-3-squat", state: .parked, attempts: 12, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .seconds(600),
      lastError: "connection refused"),
  ]
  private let failed = QueueItem(
    id: 1, key: "schedule-p1-1-3", state: .failed, attempts: 1, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: nil, lastStatus: 422,
    lastError: "no such week")

  private func table(_ report: QueueReport, now: Timestamp = start, style: TextStyle = .plain) -> String {
    var text = ""
    report.writeTable(now: now, style: style) { text += $0 }
    return text
  }

  @Test("the queue is a table, what has failed last")
  func queue() {
    #expect(
      table(QueueReport(items: items, failed: [failed]), now: start + .seconds(1)) == """
        3 pending, 1 failed
        STATE     ATTEMPTS  NEXT      KEY                    LAST ERROR
        waiting   0/3       now       complete-p1-1-3
        retrying  1/3       in 8 s    intensity-p1-1-3       503: busy
        parked    12/3      in 9 min  exercise-p1-1-3-squat  connection refused
        failed    1/3       -         schedule-p1-1-3        422: no such week

        """)
    #expect(table(QueueReport()) == "nothing is pending\n")
  }

  @Test("colours do not move the columns")
  func colours() {
    let report = QueueReport(items: items, failed: [failed])
    let coloured = table(report, style: .coloured)
    #expect(coloured.contains("\u{1b}[31mfailed\u{1b}[0m") && coloured.contains("\u{1b}[33mparked\u{1b}[0m"))
    let codes = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"]
    #expect(codes.reduce(coloured) { $0.replacing($1, with: "") } == table(report))
  }

  @Test("nothing that a server or a client wrote steers the terminal or forges a row")
  func hostile() {
    var item = failed
    item.key = "exercise-p1-1-3-\u{202e}x"
    item.lastError = "no\n\u{1b}[2Jfailed"
    let lines = table(QueueReport(failed: [item])).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[2].unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202e}" })
  }

  @Test("the status is a screen with a line for each thing")
  func status() {
    var report = StatusReport(daemon: DaemonReport(running: true, pid: 4711))
    (report.waiting, report.retrying, report.parked, report.failed) = (3, 2, 1, 4)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (start, start)
    #expect(
      report.screen(of: "the user's service", now: start + .seconds(150), style: .plain) == """
        daemon       running, process 4711 (the user's service)
        pending      6: 3 waiting, 2 retrying, 1 parked
        oldest       2 min
        failed       4; see progressctl queue
        last synced  2 min ago

        """)
    #expect(
      StatusReport(daemon: DaemonReport(running: false)).screen(of: "the system's service, /etc/x.yaml", now: start, style: .plain) == """
        daemon       not running (the system's service, /etc/x.yaml)
        pending      0: 0 waiting, 0 retrying, 0 parked
        oldest       -
        failed       0
        last synced  never

        """)
    #expect(report.screen(of: "x", now: start, style: .coloured).contains("\u{1b}[32mrunning\u{1b}[0m, process 4711"))
  }

  @Test(
    "what cannot be answered says which service was looked at, and what to do",
    arguments: [
      (
        ControlError.noQueue(path: "/q"), CInt(66),
        "there is no queue yet: /q does not exist, as progress-syncd has not run; start it: systemctl --user start progress-syncd "
          + "(the user's service)"
      ),
      (.notPermitted(path: "/q"), 77, "/q may be read by the service's own user and root only; try again with sudo (the user's service)"),
      (.unreadable("the queue is damaged: /q"), 74, "the queue is damaged: /q (the user's service)"),
    ])
  func failures(error: ControlError, code: CInt, text: String) {
    let service = Service(kind: .user, configuration: .init(), file: nil, isNamed: false)
    #expect(Failure(error, of: service) == Failure(text, code: code))
  }
}
