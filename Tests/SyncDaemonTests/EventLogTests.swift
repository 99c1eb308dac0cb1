import Logging
import ProgressModel
import SyncDaemon
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The log says what people look for, and never fills up")
struct EventLogTests {
  @Test("each thing in the words that people look for, while there is little to say")
  func words() throws {
    let log = Recording()
    let events: [SyncEvent] = [
      .retrying(entry(1), attempt: 1, of: 3), .synced(entry(1), droppedAt: nil, afterFailures: 1),
      .synced(entry(2), droppedAt: nil, afterFailures: 0),
      failure(3, "503: busy"), .parked(entry(3)), .rejected(entry(4), status: 422, reason: "no such session"),
    ]
    log.tell(events, at: 0)
    #expect(
      log.lines == [
        "🔄 Retrying sync for complete-p1-1-1 (attempt 1/3)", "✅ Retry successful for complete-p1-1-1", "✅ Synced: complete-p1-1-2",
        "❌ Sync failed for complete-p1-1-3: 503: busy",
        "❌ Max retry attempts reached for complete-p1-1-3; parked: tried again at growing intervals, for as long as it takes",
        "❌ Rejected by the API: complete-p1-1-4: no such session; see progressctl failed",
      ])
    #expect(log.entries.last?.metadata["PROGRESS_KEY"] == "complete-p1-1-4")
    #expect(log.entries.last?.metadata["HTTP_STATUS"] == "422")
    #expect(log.wakeAt == nil, "nothing is withheld, so nothing is to be said later")
  }

  @Test("when a long clearing begins, and who asked for it")
  func clearing() {
    let log = Recording()
    log.tell([.clearing(sender: nil, by: 0), .clearing(sender: 1_000, by: 1_000)], at: 0)
    #expect(
      log.lines == [
        "🧹 Clearing all pending syncs, at the wish of user 0", "🧹 Clearing all pending syncs of user 1000, at the wish of user 1000",
      ])
  }

  @Test("what people have asked for, and who")
  func wishes() {
    let log = Recording()
    let events: [SyncEvent] = [
      .discarded(entry(1), by: 1_000), .cleared(count: 12, sender: nil, by: 0),
      .cleared(count: 3, sender: 1_000, by: 1_000), .retriedByHand(count: 2, by: 0), .flushed(by: 0, sender: nil),
      .flushed(by: 1_000, sender: 1_000),
      .suspended(Suspension(since: instant(0), length: .seconds(7_200), by: 0)),
      .suspended(Suspension(since: instant(0), length: nil, by: 0)), .resumed(by: 0), .resumed(by: nil),
    ]
    log.tell(events, at: 0)
    log.finish(at: 1)
    #expect(
      log.lines == [
        "Discarded complete-p1-1-1, undelivered, at the wish of user 1000",
        "🧹 Cleared all pending syncs",
        "🧹 Cleared all pending syncs of user 1000", "Retrying 2 at the wish of user 0", "Sending everything now at the wish of user 0",
        "Sending everything of user 1000 now at the wish of user 1000", "Paused by user 0: nothing is sent for 2 h",
        "Paused by user 0: nothing is sent until somebody resumes", "Resumed by user 0", "Resumed: the time of the pause has come",
      ])
  }

  @Test("an administrator's pause and clear, however often members have theirs tried again")
  func decrees() {
    let log = Recording()
    log.tell((1...50).map { .retriedByHand(count: $0, by: 1_000) } + [.cleared(count: 1, sender: 1_000, by: 1_000)], at: 0)
    let decrees: [SyncEvent] = [
      .suspended(Suspension(since: instant(1), length: nil, by: 0)), .cleared(count: 9, sender: nil, by: 0), .resumed(by: 0),
    ]
    log.tell(decrees, at: 1)
    log.tell([], at: 30)
    #expect(
      log.lines.dropFirst(4) == [
        "Paused by user 0: nothing is sent until somebody resumes", "🧹 Cleared all pending syncs", "Resumed by user 0",
        "People asked for 47 more things in 30 s",
      ])
  }

  struct Story: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Seconds, and what happens then.
    let steps: [(Int, [SyncEvent])]
    let lines: [String]

    init(_ what: String, _ steps: [(Int, [SyncEvent])], _ lines: [String]) {
      (testDescription, self.steps, self.lines) = (what, steps, lines)
    }
  }

  @Test("in one line for what happens often", arguments: stories)
  func folding(story: Story) {
    let log = Recording()
    for (second, events) in story.steps { log.tell(events, at: second) }
    #expect(log.lines == story.lines)
  }

  private static let stories = [
    Story(
      "a long queue is delivered", [(0, synced(1...60)), (12, synced(61...9_462)), (30, [])],
      synced(1...50).map { "✅ Synced: \($0.key)" } + ["✅ Synced 9412 more in 30 s"]),
    Story(
      "the next half minute has fifty lines again, the summary among them", [(0, synced(1...52)), (30, synced(53...102)), (61, [])],
      synced(1...50).map { "✅ Synced: \($0.key)" } + ["✅ Synced 2 more in 30 s"] + synced(53...102).map { "✅ Synced: \($0.key)" }),
    Story(
      "a cause of failure is said once",
      [(0, [failure(1, "503: busy"), failure(2, "503: busy")]), (7, [failure(3, "503: busy")]), (30, [])],
      ["❌ Sync failed for complete-p1-1-1: 503: busy", "❌ Sync failed 2 more times in 30 s, the last for complete-p1-1-3: 503: busy"]),
    Story(
      "and at most every half minute", [(0, [failure(1, "x")]), (30, [failure(2, "x")]), (31, failures(3...9, "x")), (59, []), (60, [])],
      [
        "❌ Sync failed for complete-p1-1-1: x", "❌ Sync failed for complete-p1-1-2: x",
        "❌ Sync failed 7 more times in 30 s, the last for complete-p1-1-9: x",
      ]),
    Story(
      "while another cause is said at once", [(0, failures(1...3, "x") + [failure(4, "y")])],
      ["❌ Sync failed for complete-p1-1-1: x", "❌ Sync failed for complete-p1-1-4: y"]),
    Story(
      "a single attempt that was withheld is said to be past", [(0, failures(1...2, "x")), (30, [])],
      ["❌ Sync failed for complete-p1-1-1: x", "❌ Sync failed once more in 30 s, the last for complete-p1-1-2: x"]),
    Story(
      "a clock that is set back does not put a summary off", [(1_000, failures(1...3, "x")), (10, [])],
      ["❌ Sync failed for complete-p1-1-1: x", "❌ Sync failed 2 more times in 30 s, the last for complete-p1-1-3: x"]),
    Story(
      "attempts of parked writes are no news", [(0, [.attemptFailed(entry(1), failures: 9, wasParked: true, status: 500, reason: "x")])], []
    ),
  ]

  @Test("about an endpoint that comes and goes: the changes, then how often it changed and how it stands")
  func flapping() {
    let log = Recording()
    let silence = EndpointHealth.State.paused(until: instant(100), reason: "busy")
    for _ in 0..<30 { log.tell([.endpoint(silence), .endpoint(.reachable)], at: 10) }
    log.tell([.endpoint(silence)], at: 39)
    log.tell([], at: 40)
    #expect(log.lines.count == 11)
    #expect(log.lines.prefix(2) == ["The API cannot take more now: busy; nothing is sent for 90 s", "The API answers"])
    #expect(
      log.lines.last == "The API came and went 51 more times in 30 s; last: The API cannot take more now: busy; nothing is sent for 60 s")
  }

  @Test("about a refused file each, and then where they lie", arguments: [100, 101, 150])
  func refused(count: Int) {
    let log = Recording()
    log.tell((1...count).map { .refused(file: "\($0).json", sender: 1_000, reason: "empty", storedAs: "\($0).json") }, at: 0)
    log.tell([], at: 30)
    #expect(
      log.lines.prefix(100) == (1...100).map { "Rejected \($0).json: empty (kept as rejected/\($0).json; see progressctl rejected)" }[...])
    let rest = [
      100: [], 101: ["Rejected 101.json: empty (kept as rejected/101.json; see progressctl rejected)"],
      150: ["Rejected 50 more files in 30 s, the last 150.json: empty; progressctl rejected lists them all"],
    ]
    #expect(Array(log.lines.dropFirst(100)) == rest[count])
  }

  @Test("about one file of a thousand repeated actions in a few lines, and none of them is left out of the count")
  func thousandActions() throws {
    let log = Recording()
    var acceptance = Acceptance(claim: "c")
    acceptance.entries = [entry(1)]
    acceptance.outdated = (1...500).map(key)
    acceptance.repeated = try (1...1_000).map { try #require(ActionID("id-\($0)")) }
    log.tell([.accepted(file: "many.json", sender: 1_000, acceptance)], at: 0)
    log.tell([], at: 30)
    #expect(log.lines.count == 23)
    #expect(
      log.lines.suffix(2) == [
        "Superseded: 490 more in 30 s, the last complete-p1-1-500 in many.json: values that were recorded later wait already",
        "Repeated: 990 more actions in 30 s, the last id-1000 in many.json: they were accepted before",
      ])
  }

  @Test("with everything that is withheld when it ends, and with every line at debug level")
  func everything() {
    let log = Recording()
    log.tell(failures(1...3, "x"), at: 0)
    log.finish(at: 1)
    #expect(log.lines.last == "❌ Sync failed 2 more times in 1 s, the last for complete-p1-1-3: x")
    #expect(log.wakeAt == nil)
    log.tell(failures(4...6, "x"), at: 2)
    log.threshold(.debug)
    log.tell(failures(7...9, "x") + synced(1...200), at: 3)
    #expect(log.lines.dropFirst(3).first == "❌ Sync failed 2 more times in 1 s, the last for complete-p1-1-6: x")
    #expect(log.lines.count == 2 + 2 + 3 + 200)
  }

  @Test("in at most 1 100 lines of any half minute, whatever happens, and every event is in a line or in a count")
  func bound() throws {
    let log = Recording()
    var told = 0
    var acceptance = Acceptance(claim: "c")
    (acceptance.entries, acceptance.outdated, acceptance.repeated) = ([entry(1)], [key(1)], [try #require(ActionID("id"))])
    for second in 0...120 {
      for number in 1...200 {
        let events: [SyncEvent] = [
          .accepted(file: "f", sender: 0, acceptance), .synced(entry(number), droppedAt: nil, afterFailures: 0),
          .synced(entry(number), droppedAt: nil, afterFailures: 2), .retrying(entry(number), attempt: 1, of: 3),
          failure(number, "trace \(second)-\(number)"), .parked(entry(number)), .rejected(entry(number), status: 400, reason: "\(number)"),
          .refused(file: "f", sender: 1_000, reason: "\(number)", storedAs: "f"), .ignored(file: "f", reason: "\(number)"),
          .setAside(row: Int64(number)),
          .endpoint(.reachable), .storageFailed(reason: "\(number)"), .storageRecovered, .removalFailed(reason: "\(number)"),
          .discarded(entry(number), by: 0), .flushed(by: 0, sender: nil), .retriedByHand(count: 7, by: 0), .resumed(by: nil),
          .cleared(count: number, sender: nil, by: 0), .cleared(count: number, sender: 1_000, by: 1_000),
        ]
        told += events.count + 2  // What was accepted is worth three lines.
        log.tell(events, at: second)
      }
      #expect(log.wakeAt.map { $0 <= instant(second + 30) } == true)
    }
    log.finish(at: 121)
    let counted = log.entries.map { $0.metadata["PROGRESS_COUNT"].flatMap { Int("\($0)") } ?? 1 }.reduce(0, +)
    #expect(counted == told)
    for begin in 0...91 {
      let lines = log.entries.count { (begin..<begin + 30).contains($0.second) }
      #expect(lines <= 1_100, "from second \(begin) on")
    }
  }
}

private let program = ProgramID("p1")

private func key(_ day: Int) -> WriteKey {
  guard let program, let session = Session(program: program, week: (day - 1) / 1_000 + 1, day: (day - 1) % 1_000 + 1) else {
    fatalError("\(day) is no day")
  }
  return WriteKey(session: session, field: .completion)
}

private func entry(_ day: Int) -> EntryReference { EntryReference(sequence: Int64(day), key: key(day), sender: 1_000) }

private func synced(_ days: ClosedRange<Int>) -> [SyncEvent] { days.map { .synced(entry($0), droppedAt: nil, afterFailures: 0) } }

private func failure(_ day: Int, _ reason: String) -> SyncEvent {
  .attemptFailed(entry(day), failures: 1, wasParked: false, status: 500, reason: reason)
}

private func failures(_ days: ClosedRange<Int>, _ reason: String) -> [SyncEvent] { days.map { failure($0, reason) } }

private func instant(_ second: Int) -> Timestamp { Timestamp(milliseconds: Int64(second) * 1_000) }

extension SyncEvent {
  fileprivate var key: WriteKey {
    guard case .synced(let entry, _, _) = self else { fatalError("not synced") }
    return entry.key
  }
}
