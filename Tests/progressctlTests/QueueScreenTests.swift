import ControlProtocol
import ProgressModel
import Testing

@testable import progressctl

@Suite("Queues as people see them")
struct QueueScreenTests {
  private let items = [
    QueueItem(
      id: 1, key: "complete-p1-1-3", state: .waiting, attempts: 0, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .milliseconds(500)
    ),
    QueueItem(
      id: 2, key: "intensity-p1-1-3", state: .retrying, attempts: 1, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .seconds(9),
      lastError: "503: busy"),
    QueueItem(
      id: 3, key: "exercise-p1-1-3-squat", state: .parked, attempts: 12, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .seconds(600),
      lastError: "connection refused"),
  ]
  private let failed = QueueItem(
    id: 4, key: "schedule-p1-1-3", state: .failed, attempts: 1, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: nil, lastStatus: 422,
    lastError: "no such week")

  private func table(_ items: [QueueItem], now: Timestamp = start, style: TextStyle = .plain) -> String {
    var text = ""
    let rows = [QueueItem.header] + items.map { $0.row(now: now, style: style) }
    var widths = ColumnWidths()
    for row in rows { widths.measure(row) }
    widths.hide(QueueItem.accountColumn)
    for row in rows { text += widths.line(row) }
    return text
  }

  @Test("the queue is a table")
  func queue() {
    #expect(
      table(items + [failed], now: start + .seconds(1)) == """
        ID  STATE     ATTEMPTS  SINCE  NEXT      KEY                    LAST ANSWER
        1   waiting   0/3       1 s    now       complete-p1-1-3
        2   retrying  1/3       1 s    in 8 s    intensity-p1-1-3       503: busy
        3   parked    12/3      1 s    in 9 min  exercise-p1-1-3-squat  connection refused
        4   failed    1/3       1 s    -         schedule-p1-1-3        422: no such week

        """)
    #expect(QueueListing.headline(pending: 0, failed: 0) == "nothing is pending")
    #expect(QueueListing.headline(pending: 3, failed: 0) == "3 pending, 0 failed")
    #expect(QueueListing.headline(pending: 0, failed: 1) == "0 pending, 1 failed; see progressctl failed")
  }

  private func hold(_ change: (inout StatusReport) -> Void) -> Hold? {
    var report = StatusReport(daemon: DaemonReport(running: true))
    change(&report)
    return report.holds(now: start).hold(of: items[0])
  }

  private func endpoint(_ state: EndpointReport.State, probe seconds: Int? = nil) -> Hold? {
    hold { $0.endpoint = EndpointReport(state: state, since: start, reason: "no", nextProbeAt: seconds.map { start + .seconds($0) }) }
  }

  @Test("what stands in the way of all says when each is tried next: not now")
  func held() {
    let nexts = [
      hold { $0.pause = PauseReport(since: start, until: nil, by: 0) },
      hold { $0.pause = PauseReport(since: start, until: start + .seconds(60), by: 0) },
      endpoint(.held, probe: 60), endpoint(.unreachable, probe: 60), endpoint(.failing, probe: 0), endpoint(.reachable), endpoint(.untried),
      nil,
    ].map { hold in items.map { $0.nextAttempt(now: start + .seconds(1), hold: hold) } }
    #expect(
      nexts == [
        ["paused", "paused", "paused"], ["in 59 s", "in 59 s", "in 9 min"], ["held", "held", "held"], ["in 59 s", "in 59 s", "in 9 min"],
        ["at next try", "in 8 s", "in 9 min"], ["now", "in 8 s", "in 9 min"], ["now", "in 8 s", "in 9 min"], ["now", "in 8 s", "in 9 min"],
      ])
    #expect(failed.nextAttempt(now: start, hold: endpoint(.held)) == "-")
    #expect(endpoint(.held, probe: 60)?.reason.hasPrefix("the API does not accept us since 0 s (no); tried again in 60 s") == true)
    #expect(items[0].portrait(now: start, hold: endpoint(.held), style: .plain).contains("\nheld up      the API does not accept us"))
  }

  @Test("what stands in the way of one account keeps nobody else's entries")
  func holds() {
    var report = StatusReport(daemon: DaemonReport(running: true))
    report.accounts = [AccountReport(uid: 1_001, user: "alice", state: .held, reason: "no"), AccountReport(uid: 1_002, state: .open)]
    var (alices, bobs) = (items[0], items[0])
    (alices.account, bobs.account) = (1_001, 1_002)
    func words(_ report: StatusReport) -> [String] {
      [alices, bobs, items[0]].map { $0.nextAttempt(now: start + .seconds(1), hold: report.holds(now: start).hold(of: $0)) }
    }
    #expect(words(report) == ["held", "now", "now"])
    #expect(report.holds(now: start).reasons == ["what alice dropped is held (no)"])
    report.endpoint = EndpointReport(state: .held, since: start, reason: "no")
    #expect(words(report) == ["held", "now", "held"])
    report.endpoint = EndpointReport(state: .unreachable, since: start, reason: "no", nextProbeAt: start)
    #expect(words(report) == ["at next try", "at next try", "at next try"])
    report.pause = PauseReport(since: start, until: nil, by: 0)
    #expect(words(report) == ["paused", "paused", "paused"])
  }

  @Test("an entry is told with what waits, why, since when, and what can be done")
  func entry() {
    var item = failed
    (item.value, item.recordedAt, item.sender) = (#"{"scheduled_date":"2026-01-30"}"#, start, 0)
    #expect(
      item.portrait(now: start + .seconds(60), style: .plain) == """
        entry        4
        key          schedule-p1-1-3
        value        {"scheduled_date":"2026-01-30"}
        state        failed, tried 1 of 3 times
        waits        since 2026-01-28T15:30:00Z, 60 s
        done         2026-01-28T15:30:00Z
        accepted     2026-01-28T15:30:00Z
        dropped by   root
        last answer  422: no such week
        next         nothing by itself: progressctl retry 4, or progressctl discard 4

        """)
  }

  @Test("colours do not move the columns")
  func colours() {
    let coloured = table(items + [failed], style: .coloured)
    #expect(coloured.contains("\u{1b}[31mfailed\u{1b}[0m") && coloured.contains("\u{1b}[33mparked\u{1b}[0m"))
    let codes = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"]
    #expect(codes.reduce(coloured) { $0.replacing($1, with: "") } == table(items + [failed]))
  }

  @Test("nothing that a server or a client wrote steers the terminal or forges a row")
  func hostile() {
    var item = failed
    item.key = "exercise-p1-1-3-\u{202e}x"
    item.lastError = "no\n\u{1b}[2Jfailed"
    let lines = (table([item]) + item.portrait(now: start, style: .plain)).split(separator: "\n")
    #expect(lines.count == 10)
    #expect(lines.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202e}" })
  }
}
