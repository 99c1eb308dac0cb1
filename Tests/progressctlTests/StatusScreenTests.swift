import ControlClient
import ControlProtocol
import ProgressModel
import Testing

@testable import progressctl

@Suite("The status as people see it")
struct StatusScreenTests {
  private func screen(_ report: StatusReport, source: ControlClient.Source = .daemon, style: TextStyle = .plain) -> String {
    StatusScreen(report: report, source: source, service: "the user's service", now: start + .seconds(150), style: style).text
  }

  private var full: StatusReport {
    var report = StatusReport(daemon: DaemonReport(running: true, pid: 4711))
    (report.daemon.version, report.daemon.startedAt, report.daemon.apiBaseURL) = ("1.2.3", start, "https://api.example")
    (report.waiting, report.retrying, report.parked, report.failed) = (3, 2, 1, 4)
    (report.oldestAcceptedAt, report.lastSyncedAt) = (start, start)
    report.lastSyncs = [.init(key: "complete-p1-1-3", at: start)]
    report.failures = [
      QueueItem(
        id: 9, key: "schedule-p1-1-3", state: .failed, attempts: 1, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: nil,
        lastStatus: 422, lastError: "no such week")
    ]
    report.endpoint = EndpointReport(state: .reachable, since: start, inFlight: 2)
    report.spool = SpoolReport(directory: "/s", waiting: 1, rejected: 2, isWatched: true)
    report.bounds = [BoundReport(sender: 61_001, bound: .files, limit: 10_000, since: start)]
    report.disk = DiskReport(queue: 4096, free: 3 << 40)
    report.lastMinute = RateReport(accepted: 1, delivered: 2, retried: 3)
    report.lastHour = RateReport(accepted: 10, delivered: 20, retried: 30)
    return report
  }

  @Test("all that a daemon tells is one screen, with the commands that lead on")
  func everything() {
    #expect(
      screen(full) == """
        daemon       running since 2 min, version 1.2.3, process 4711 (the user's service)
        API          reachable since 2 min, 2 under way (https://api.example)
        pending      6: 3 waiting, 2 retrying, 1 parked; the oldest for 2 min
        failed       4; see progressctl failed
                     schedule-p1-1-3 (id 9): 422: no such week
        last synced  2 min ago
                     complete-p1-1-3, 2 min ago
        last minute  1 accepted, 2 delivered, 3 attempts failed
        last hour    10 accepted, 20 delivered, 30 attempts failed since the daemon's start, 2 min ago
        spool        1 waiting, 2 rejected (/s); see progressctl rejected
        bounds       uid 61001 has reached the bound of 10000 rejected files (limits.files_per_user), 2 min ago
                     further files stay in incoming/ until some are requeued or discarded (progressctl rejected); nothing is lost
        disk         4.0 KiB of queue, 3.0 TiB free

        """)
  }

  @Test("without a daemon the files' counts are told, and that they are the files'")
  func files() {
    #expect(
      screen(StatusReport(daemon: DaemonReport(running: false)), source: .files(because: .noDaemon(socket: "/c"))) == """
        daemon       not running (the user's service)
                     no daemon listens on /c; this is from its files
        pending      0: 0 waiting, 0 retrying, 0 parked
        failed       0
        last synced  never

        """)
  }

  @Test(
    "an API that is not reachable is told with the reason, what comes next, and what to do",
    arguments: [
      (
        EndpointReport(state: .held, since: start, reason: "401: bad token", status: 401, nextProbeAt: start + .seconds(300)),
        [
          "does not accept us since 2 min", "401: bad token",
          "tried again in 2 min; mend the token or the account (progressctl doctor says how), then progressctl flush",
        ]
      ),
      (
        EndpointReport(state: .unreachable, since: start, reason: "connection refused", nextProbeAt: start + .seconds(155)),
        ["does not answer since 2 min", "connection refused", "tried again in 5 s"]
      ),
      (
        EndpointReport(state: .paused, since: start, reason: "busy", status: 429, nextProbeAt: start + .seconds(180)),
        ["cannot take more since 2 min", "429: busy", "asked again in 30 s"]
      ),
      (
        EndpointReport(state: .failing, since: start, reason: "503", status: 503, nextProbeAt: start),
        ["answers, but takes nothing since 2 min", "503", "tried again now"]
      ),
      (EndpointReport(state: .untried), ["not tried yet"]),
    ])
  func endpoint(endpoint: EndpointReport, lines: [String]) {
    var report = StatusReport(daemon: DaemonReport(running: true))
    report.endpoint = endpoint
    let all = screen(report).split(separator: "\n").map(String.init)
    let expected = lines.enumerated().map { ($0 == 0 ? "API          " : "             ") + $1 }
    #expect(Array(all.dropFirst().prefix(lines.count)) == expected)
  }

  @Test("a pause is told with who and until when, and it is what deliveries wait for")
  func pause() {
    var report = full
    report.pause = PauseReport(since: start, until: start + .seconds(7200), by: 0)
    #expect(screen(report).contains("\npause        nothing is sent: paused by root 2 min ago, for another 117 min\n"))
    report.pause?.until = nil
    #expect(report.obstacle(of: 0, now: start) == "nothing is sent: paused by root 0 s ago, until progressctl resume")
    report.pause = nil
    #expect(report.obstacle(of: 0, now: start) == nil)
    report.endpoint = EndpointReport(state: .unreachable, since: start, reason: "refused", nextProbeAt: start + .seconds(5))
    #expect(report.obstacle(of: 0, now: start) == "the API does not answer since 0 s (refused); tried again in 5 s")
  }

  @Test("users whose own tokens are not accepted are told with the reason and the way out, and only they wait for it")
  func accounts() {
    var report = full
    let remedy = "put a valid token into /etc/progress-sync/tokens/alice, then systemctl restart progress-syncd"
    report.accounts = [
      AccountReport(
        uid: 1_001, user: "alice", state: .held, since: start, reason: "bad token", status: 401, nextProbeAt: start + .seconds(300),
        remedy: remedy),
      AccountReport(uid: 1_002, user: "bob", state: .open),
      AccountReport(uid: 1_003, state: .held, entries: 12, reason: "there is no token for the user", remedy: "name a directory"),
    ]
    #expect(
      screen(report).contains(
        """

        own tokens   what alice dropped is held since 2 min (401: bad token)
                     tried again in 2 min; \(remedy)
                     what uid 1003 dropped is held, 12 entries (there is no token for the user)
                     name a directory
        pending
        """))
    let words = "what alice dropped is held since 0 s (401: bad token); tried again in 5 min; \(remedy)"
    #expect(report.obstacle(of: 1_001, now: start) == words)
    #expect(report.obstacle(of: 1_002, now: start) == nil && report.obstacle(of: 1_004, now: start) == nil)
    report.endpoint = EndpointReport(state: .held, since: start, reason: "no", status: 401)
    #expect(report.obstacle(of: 1_001, now: start) == words)
    #expect(report.obstacle(of: 1_002, now: start) == nil)
    #expect(report.obstacle(of: 1_004, now: start)?.hasPrefix("the API does not accept us") == true)
  }

  @Test("files in claimed/ wait, too, and are told apart when that lasts longer than a moment")
  func claimed() {
    var report = full
    report.spool?.claimed = 2
    report.spool?.oldestClaimAt = start + .seconds(145)
    #expect(!screen(report).contains("claimed/") && screen(report).contains("\nspool        3 waiting, 2 rejected (/s)"))
    report.spool?.oldestClaimAt = start
    #expect(screen(report).contains("\n             2 of them in claimed/, the oldest for 2 min: the journal says what keeps them there\n"))
  }

  @Test("what keeps a drop in incoming/ is told to whom it concerns: a bound to its sender, the disk to everybody")
  func intake() {
    var report = full
    let bound =
      "uid 61001 has reached the bound of 10000 rejected files (limits.files_per_user), 2 min ago; further files stay in incoming/"
    #expect(report.intakeObstacle(of: 61_001, now: start + .seconds(150))?.hasPrefix(bound) == true)
    #expect(report.intakeObstacle(of: 61_002, now: start) == nil)
    report.disk?.trouble = "the disk is full: make space for /q"
    #expect(
      report.intakeObstacle(of: 61_002, now: start) == "the spool or the queue cannot be used: the disk is full: make space for /q")
  }

  @Test("what needs a person stands out, and colours change nothing else")
  func colours() {
    var report = full
    report.daemon.isOutdated = true
    report.disk?.trouble = "the disk is full"
    report.spool?.isWatched = false
    let coloured = screen(report, style: .coloured)
    #expect(coloured.contains("\u{1b}[32mrunning\u{1b}[0m") && coloured.contains("\u{1b}[31mthe disk is full\u{1b}[0m"))
    #expect(coloured.contains("\u{1b}[33mits program was replaced since: start it again to run the new one\u{1b}[0m"))
    let codes = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"]
    #expect(codes.reduce(coloured) { $0.replacing($1, with: "") } == screen(report))
  }

  @Test("a narrow terminal gets each line cut, with its colour ended, and no more lines than it has")
  func narrow() {
    var report = full
    report.daemon.pid = nil
    let frame = Terminal.frame(screen(report, style: .coloured), size: Terminal.Size(columns: 20, rows: 3))
    #expect(
      frame == "\u{1b}[Hdaemon       \u{1b}[32mrunnin\u{1b}[0m…\u{1b}[K\nAPI          \u{1b}[32mreacha\u{1b}[0m…\u{1b}[K\n"
        + "pending      6: 3 w…\u{1b}[K\u{1b}[J")
  }

  @Test(
    "columns are those of a terminal",
    arguments: [("abc", 3), ("✅ x", 4), ("漢字", 4), ("\u{1b}[31mred\u{1b}[0m", 3), ("e\u{301}", 1), ("🔄", 2)])
  func columns(text: String, columns: Int) {
    #expect(text.columns == columns)
    #expect(text.cut(toColumns: columns) == text)
    #expect(text.cut(toColumns: columns - 1).columns <= columns - 1)
  }

  @Test(
    "bytes are told in one unit",
    arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_300_000, "1.2 MiB"), (1 << 40, "1.0 TiB"), (5 << 50, "5120.0 TiB")])
  func bytes(number: Int64, text: String) {
    #expect(number.inBytes == text)
  }
}
