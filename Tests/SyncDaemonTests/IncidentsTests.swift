import ProgressModel
import SyncDaemon
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("A person is told that one is needed")
struct IncidentsTests {
  enum Step: Sendable {
    case happens([SyncEvent])
    /// What waits and what has failed, and when the oldest of the former was accepted.
    case stands(pending: Int = 0, failed: Int = 0, oldest: Int? = nil)
    case nothing
  }

  struct Story: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let steps: [(second: Int, step: Step)]
    let told: [(Int, String)]

    init(_ what: String, _ steps: [(Int, Step)], _ told: [(Int, String)]) {
      (testDescription, self.steps, self.told) = (what, steps.map { ($0.0, $0.1) }, told)
    }
  }

  @Test("once per incident, and that it is over", arguments: held + failed + backlog)
  func stories(story: Story) {
    var incidents = Incidents()
    var told: [(Int, String)] = []
    for (second, step) in story.steps {
      let now = instant(second)
      switch step {
      case .happens(let events): incidents.observe(events, now: now)
      case .stands(let pending, let failed, let oldest):
        var counts = QueueCounts()
        (counts.waiting, counts.failed) = (pending, failed)
        incidents.look(at: counts, oldest: { oldest.map(instant) }, now: now)
      case .nothing: break
      }
      told += incidents.take(now: now).map { (second, $0.words) }
    }
    #expect(told.map(\.0) == story.told.map(\.0) && told.map(\.1) == story.told.map(\.1), "\(told)")
  }

  private static let held = [
    Story(
      "a token that is not accepted, at once", [(0, .happens([unauthorized])), (500, .happens([answers]))],
      [(0, "401: no"), (500, "over held")]),
    Story(
      "a hold that flaps is one incident", (0..<40).flatMap { [($0 * 60, .happens([unauthorized])), ($0 * 60 + 30, .happens([answers]))] },
      [(0, "401: no"), (30, "over held")]),
    Story(
      "a hold that is back soon, and stays, is told after ten minutes",
      [
        (0, .happens([unauthorized])), (30, .happens([answers])), (60, .happens([unauthorized])), (659, .nothing), (660, .nothing),
        (900, .nothing),
      ],
      [(0, "401: no"), (30, "over held"), (660, "401: no")]),
    Story(
      "a hold that comes later is another one",
      [(0, .happens([unauthorized])), (30, .happens([answers])), (630, .happens([unauthorized]))],
      [(0, "401: no"), (30, "over held"), (630, "401: no")]),
    Story(
      "an end and a new beginning in one turn end the notice", [(0, .happens([unauthorized])), (9, .happens([answers, unauthorized]))],
      [(0, "401: no"), (9, "over held")]),
    Story("being forbidden one thing is none", [(0, .happens([forbidden])), (1, .happens([answers])), (700, .nothing)], []),
    Story(
      "being forbidden everything for ten minutes is", [(0, .happens([forbidden])), (599, .nothing), (600, .nothing)], [(600, "403: no")]),
    Story(
      "an outage amid it says nothing of the token",
      [(0, .happens([unauthorized])), (9, .happens([silent])), (99, .happens([unauthorized]))],
      [(0, "401: no")]),
    Story(
      "a user's own token is an incident of its own, and so is that of another",
      [
        (0, .happens([held(7)])), (1, .happens([unauthorized, held(8)])), (9, .happens([released(7)])),
        (20, .happens([released(8), answers])),
      ],
      [(0, "401: no, of 7"), (1, "401: no"), (1, "401: no, of 8"), (9, "over held of 7"), (20, "over held"), (20, "over held of 8")]),
    Story(
      "a token that is missing is one, at once",
      [(0, .happens([.held(Hold(since: instant(0), cause: .noToken, reason: "none"), of: .user(7), entries: 1)]))],
      [(0, "none: none, of 7")]),
    Story("an outage alone takes nobody", [(0, .happens([silent])), (50_000, .nothing)], []),
    Story("a clock that is set back does not put it off", [(90_000, .happens([forbidden])), (100, .nothing)], [(100, "403: no")]),
  ]

  private static let failed = [
    Story(
      "a write that is refused for good, at once, until nothing refused is left",
      [(0, .happens([refusal(1)])), (1, .stands(failed: 1)), (400, .stands(failed: 0)), (401, .stands())],
      [(0, "1, last 1: 422: x"), (400, "over failed")]),
    Story(
      "a flood is one notice, and one with a number ten minutes later",
      [(0, .happens([refusal(1)]))] + (1...599).map { ($0, .happens([refusal($0)])) } + [(600, .nothing), (1_300, .stands(failed: 600))],
      [(0, "1, last 1: 422: x"), (600, "600, last 599: 422: x")]),
    Story(
      "several at once are one with a number", [(0, .happens((1...300).map(refusal)))], [(0, "300, last 300: 422: x")]),
    Story(
      "those of an hour later come at once",
      [(0, .happens([refusal(1)])), (3_600, .happens([refusal(2)]))], [(0, "1, last 1: 422: x"), (3_600, "2, last 2: 422: x")]),
    Story(
      "what is retried and refused again is not told at once",
      [
        (0, .happens([refusal(1)])), (60, .stands(pending: 1)), (61, .happens([refusal(1)])), (62, .stands(failed: 1)), (660, .nothing),
        (661, .nothing),
      ],
      [(0, "1, last 1: 422: x"), (60, "over failed"), (661, "1, last 1: 422: x")]),
    Story("an unreadable row", [(0, .happens([.setAside(row: 5)]))], [(0, "1, last none: a row of the queue is unreadable")]),
    Story("what failed before the start is not told again", [(0, .stands(failed: 9)), (9_999, .stands(failed: 9))], []),
  ]

  private static let day = 86_400

  private static let backlog = [
    Story(
      "what waits for a day and ten minutes, until it is gone",
      [
        (0, .stands()), (10, .stands(pending: 3, oldest: 10)), (day + 10, .stands(pending: 3, oldest: 10)), (day + 610, .nothing),
        (day + 700, .stands()),
      ],
      [(day + 610, "3 since 10"), (day + 700, "over backlog")]),
    Story(
      "a start with an old backlog has ten minutes to send it",
      [(200_000, .stands(pending: 3, oldest: 10)), (200_599, .nothing), (200_600, .nothing)], [(200_600, "3 since 10")]),
    Story(
      "what was sent in these ten minutes is no incident",
      [(200_000, .stands(pending: 3, oldest: 10)), (200_500, .stands()), (201_000, .nothing)], []),
    Story(
      "a queue whose oldest is always young is none",
      [
        (0, .stands()), (1, .stands(pending: 1, oldest: 1)), (day + 1, .stands(pending: 1, oldest: day)),
        (2 * day, .stands(pending: 1, oldest: 2 * day)),
      ],
      []),
    Story(
      "it is over when only the young are left",
      [
        (200_000, .stands(pending: 3, oldest: 10)), (200_600, .stands(pending: 3, oldest: 10)),
        (201_200, .stands(pending: 1, oldest: 200_700)),
      ], [(200_600, "3 since 10"), (201_200, "over backlog")]),
  ]

  @Test("with a timer only while something is pending")
  func timer() {
    var incidents = Incidents()
    #expect(incidents.wakeAt == nil)
    var counts = QueueCounts()
    incidents.look(at: counts, oldest: { nil }, now: instant(0))
    #expect(incidents.wakeAt == nil)
    counts.waiting = 1
    incidents.look(
      at: counts,
      oldest: {
        Issue.record("nothing can be older than the moment at which nothing waited"); return nil
      }, now: instant(5))
    #expect(incidents.wakeAt == instant(5 + Self.day))
    counts.waiting = 0
    incidents.look(at: counts, oldest: { nil }, now: instant(6))
    #expect(incidents.wakeAt == nil)
    incidents.observe([Self.forbidden], now: instant(7))
    #expect(incidents.wakeAt == instant(607))
    _ = incidents.take(now: instant(607))
    #expect(incidents.wakeAt == nil, "what is told waits for its end alone")
  }

  @Test("a look that is due and not taken does not wake the daemon at once, and is taken when it can be")
  func overdueLook() {
    var incidents = Incidents()
    var counts = QueueCounts()
    counts.waiting = 3
    incidents.look(at: counts, oldest: { instant(10) }, now: instant(10))
    let due = Self.day + 10
    for second in due..<due + 5 {
      #expect(incidents.take(now: instant(second)).isEmpty)
      #expect(incidents.wakeAt == instant(second + 600), "not before, though the look is due")
    }
    incidents.look(at: counts, oldest: { instant(10) }, now: instant(due + 5))
    #expect(incidents.take(now: instant(due + 5)).isEmpty)
    #expect(incidents.take(now: instant(due + 605)).map(\.words) == ["3 since 10"])
  }

  @Test("takes too many rejected files for one, once, whoever else comes to that bound, and the other bounds for none")
  func bounds() {
    func hold(_ sender: UInt32, _ bound: SenderBounds.Bound) -> ReachedBound {
      ReachedBound(sender: sender, bound: bound, limit: 10, since: instant(0))
    }
    var incidents = Incidents()
    incidents.observe([.boundReached(hold(1, .keys)), .boundReached(hold(2, .bytes))], now: instant(0))
    #expect(incidents.take(now: instant(0)).isEmpty)
    incidents.observe([.boundReached(hold(3, .files)), .boundReached(hold(4, .files))], now: instant(1))
    #expect(incidents.take(now: instant(1)).map(\.words) == ["4 at 10"])
    incidents.observe([.boundLeft(hold(3, .files)), .boundLeft(hold(1, .keys))], now: instant(2))
    #expect(incidents.take(now: instant(2)).isEmpty)
    incidents.observe([.boundLeft(hold(4, .files))], now: instant(3))
    #expect(incidents.take(now: instant(3)).map(\.words) == ["over bound"])
  }

  private static let answers = SyncEvent.released(.common)
  private static let silent = SyncEvent.endpoint(.unreachable(since: instant(0), failures: 1, probeAt: instant(1), reason: "refused"))
  private static let unauthorized = SyncEvent.held(
    Hold(since: instant(0), cause: .refused(status: 401), reason: "no"), of: .common, entries: nil)
  private static let forbidden = SyncEvent.held(
    Hold(since: instant(0), cause: .refused(status: 403), reason: "no"), of: .common, entries: nil)

  private static func held(_ user: UInt32) -> SyncEvent {
    .held(Hold(since: instant(0), cause: .refused(status: 401), reason: "no"), of: .user(user), entries: nil)
  }

  private static func released(_ user: UInt32) -> SyncEvent { .released(.user(user)) }

  private static func refusal(_ day: Int) -> SyncEvent {
    guard let program = ProgramID("p1"), let session = Session(program: program, week: 1, day: day) else { fatalError("\(day) is no day") }
    let key = WriteKey(session: session, field: .completion)
    return .rejected(EntryReference(sequence: Int64(day), key: key, sender: 0), status: 422, reason: "x")
  }
}

private func instant(_ second: Int) -> Timestamp { Timestamp(milliseconds: Int64(second) * 1_000) }

extension Incidents.Announcement {
  fileprivate var words: String {
    switch self {
    case .over(let subject): "over \(subject.kind.rawValue)" + (subject.account == .common ? "" : " of \(subject.account.number)")
    case .open(.held(.common, let status, let reason)): "\(status.map { "\($0)" } ?? "none"): \(reason)"
    case .open(.held(let account, let status, let reason)): "\(status.map { "\($0)" } ?? "none"): \(reason), of \(account.number)"
    case .open(.failed(let count, let last, let reason)): "\(count), last \(last.map { "\($0.session.day)" } ?? "none"): \(reason)"
    case .open(.bound(let sender, let limit)): "\(sender) at \(limit)"
    case .open(.backlog(let count, let since)): "\(count) since \(since.milliseconds / 1_000)"
    }
  }
}

extension Account {
  fileprivate var number: UInt32 {
    switch self {
    case .common: 0
    case .user(let user): user
    }
  }
}
