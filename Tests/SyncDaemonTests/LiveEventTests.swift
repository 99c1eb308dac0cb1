import ControlProtocol
import ControlServer
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@testable import SyncDaemon

@Suite("What those who watch are told", .timeLimit(.minutes(5)))
struct LiveEventTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let event: SyncEvent
    let told: [String]

    init(_ event: SyncEvent, _ told: String...) { (self.event, self.told) = (event, told) }

    var testDescription: String { "\(event)" }
  }

  @Test("of each event of the engine: its kind, whose it is, and what is known of it", arguments: table)
  func events(row: Row) {
    #expect(LiveEvent.all(from: row.event, at: instant(0)).map(\.facts) == row.told)
  }

  private static let table = [
    Row(
      .accepted(file: "a.json", sender: 1_000, acceptance),
      "superseded complete-p1-1-1 p1 id 1 of 1000 in a.json", "superseded complete-p1-1-2 p1 id 2 of 1001",
      "accepted complete-p1-1-3 p1 id 3 of 1000 in a.json", "superseded complete-p1-1-4 p1 of 1000 in a.json"),
    Row(.ignored(file: "x", reason: "hidden")),
    Row(.refused(file: "a", sender: 1_000, reason: "r", storedAs: "b"), "rejected of 1000 in b because r"),
    Row(.retrying(entry(1), attempt: 1, of: 3)),
    Row(.synced(entry(1), droppedAt: nil, afterFailures: 2), "synced complete-p1-1-1 p1 id 1 of 1000"),
    Row(
      .attemptFailed(entry(1), failures: 2, wasParked: false, status: 503, reason: "busy"),
      "retrying complete-p1-1-1 p1 id 1 of 1000 status 503 attempt 2 because busy"),
    Row(
      .attemptFailed(entry(1), failures: 9, wasParked: true, status: nil, reason: "refused"),
      "retrying complete-p1-1-1 p1 id 1 of 1000 attempt 9 because refused"),
    Row(.parked(entry(1)), "parked complete-p1-1-1 p1 id 1 of 1000"),
    Row(.rejected(entry(1), status: 422, reason: "no"), "failed complete-p1-1-1 p1 id 1 of 1000 status 422 because no"),
    Row(.discarded(entry(1), by: 0), "discarded complete-p1-1-1 p1 id 1 of 1000"),
    Row(.clearing(sender: 1_000, by: 1_000)),
    Row(.cleared(count: 3, sender: 1_000, by: 1_000), "discarded of 1000"),
    Row(.cleared(count: 3, sender: nil, by: 0), "discarded"),
    Row(.retriedByHand(count: 3, by: 0)),
    Row(.flushed(by: 1_000, sender: 1_000)),
    Row(.suspended(Suspension(since: instant(0), length: .seconds(60), by: 0)), "paused"),
    Row(.resumed(by: 0), "resumed"),
    Row(.resumed(by: nil), "resumed"),
    Row(.setAside(row: 3)),
    Row(.endpoint(.reachable), "released"),
    Row(.endpoint(.paused(until: instant(9), reason: "busy")), "paused because busy"),
    Row(
      .endpoint(.failing(since: instant(0), failures: 1, freshAt: instant(1), probeAt: instant(1), reason: "500")),
      "unreachable because 500"),
    Row(.endpoint(.unreachable(since: instant(0), failures: 1, probeAt: instant(1), reason: "refused")), "unreachable because refused"),
    Row(
      .held(Hold(since: instant(0), cause: .refused(status: 401), reason: "no"), of: .common, entries: nil), "held status 401 because no"),
    Row(
      .held(Hold(since: instant(0), cause: .refused(status: 401), reason: "no"), of: .user(1_000), entries: nil),
      "held of 1000 status 401 because no"),
    Row(.held(Hold(since: instant(0), cause: .noToken, reason: "none"), of: .user(1_000), entries: 2), "held of 1000 because none"),
    Row(.released(.common), "released"),
    Row(.released(.user(1_000)), "released of 1000"),
    Row(.storageFailed(reason: "full"), "storage because full"),
    Row(.storageRecovered, "storage"),
    Row(.removalFailed(reason: "EIO")),
  ]

  private static var acceptance: Acceptance {
    var acceptance = Acceptance(claim: "c")
    (acceptance.superseded, acceptance.entries) = ([entry(1), entry(2, of: 1_001)], [entry(3)])
    acceptance.outdated = [entry(4).key]
    return acceptance
  }

  @Test("of a request, for each of its writes")
  func requests() throws {
    let session = entry(1).key.session
    let done = Write(session: session, value: .done(at: instant(0)), recordedAt: instant(0))
    let rating = Write(session: session, value: .rating(.hard), recordedAt: instant(0))
    let writes = [
      QueuedWrite(sequence: 1, id: "a", write: done, failures: 0, sender: 1_000),
      QueuedWrite(sequence: 2, id: "b", write: rating, failures: 2, sender: 1_001),
    ]
    let delivery = try #require(Delivery(of: writes, window: .seconds(60)))
    #expect(
      LiveEvent.all(from: delivery, at: instant(0)).map(\.facts) == [
        "sent complete-p1-1-1 p1 id 1 of 1000", "sent intensity-p1-1-1 p1 id 2 of 1001 attempt 2",
      ])
  }

  @Test("of a clear by an administrator, no number of others")
  func clear() {
    let texts = [nil, 1_000].map { LiveEvent.all(from: .cleared(count: 1, sender: $0, by: 0), at: instant(0)).map(\.text) }
    #expect(
      texts == [
        ["Cleared by user 0: everything that waited or had failed, undelivered"], ["Cleared by user 0: 1 write of user 1000, undelivered"],
      ])
  }

  @Test("of a turn of very many events, a portion at a time; what is too much for a reader is counted")
  func manyEvents() async {
    let live = LiveEvents()
    let (all, few) = (live.mailbox { _ in true }, live.mailbox(capacity: 1) { $0.key == "complete-p1-1-7" })
    let ahead = Ahead()
    let days = (0..<5_000).lazy.map { number in
      ahead.made += 1
      return LiveEvent(.accepted, "Accepted", entry(number % 10 + 1), at: instant(0))
    }
    live.publish(days)
    let (read, chosen) = (await all.next(within: .zero) ?? [], await few.next(within: .zero) ?? [])
    #expect(ahead.made == 5_000)
    #expect(read.count == 1_001 && read.last?.count == 4_000)
    #expect(chosen.map(\.kind) == [.accepted, .lost] && chosen.last?.count == 499)
  }

  @Test("and nothing is put into words while nobody watches")
  func nobody() {
    let ahead = Ahead()
    LiveEvents().publish(
      (1...10).lazy.map { number in
        ahead.made += 1
        return LiveEvent(.accepted, "Accepted", entry(number), at: instant(0))
      })
    #expect(ahead.made == 0)
  }

  private final class Ahead { var made = 0 }

  @Test(
    "Whoever waits for an action looks again only at what may concern it",
    arguments: [
      (entryEvent(1, of: 1_000), true, true), (entryEvent(1, of: 1_001), true, false), (entryEvent(2, of: 1_000), false, true),
      (LiveEvent(at: instant(0), kind: .discarded, text: "cleared"), true, true),
      (LiveEvent(at: instant(0), kind: .released, text: "The API answers"), false, false),
    ])
  func concern(event: LiveEvent, withKeys: Bool, withoutKeys: Bool) throws {
    let id = try #require(ActionID("A1"))
    let asker = Caller(uid: 1_000, daemon: 7)
    #expect(ActionInquiry(id: id, keys: ["complete-p1-1-1"]).isConcerned(by: event, asker: asker) == withKeys)
    #expect(ActionInquiry(id: id).isConcerned(by: event, asker: asker) == withoutKeys)
    var cleared = LiveEvent(at: instant(0), kind: .discarded, text: "cleared")
    for (sender, isOurs) in [(1_000, true), (1_001, false)] as [(UInt32, Bool)] {
      cleared.sender = sender
      #expect(ActionInquiry(id: id, keys: ["complete-p1-1-1"]).isConcerned(by: cleared, asker: asker) == isOurs)
    }
  }
}

private func instant(_ second: Int) -> Timestamp { Timestamp(milliseconds: Int64(second) * 1_000) }

private func entry(_ day: Int, of sender: UInt32 = 1_000) -> EntryReference {
  guard let program = ProgramID("p1"), let session = Session(program: program, week: 1, day: day) else { fatalError("\(day) is no day") }
  return EntryReference(sequence: Int64(day), key: WriteKey(session: session, field: .completion), sender: sender)
}

private func entryEvent(_ day: Int, of sender: UInt32) -> LiveEvent {
  LiveEvent(.synced, "Synced", entry(day, of: sender), at: instant(0))
}

extension LiveEvent {
  /// All but the words.
  fileprivate var facts: String {
    let parts = [
      kind.rawValue, key, program, id.map { "id \($0)" }, sender.map { "of \($0)" }, file.map { "in \($0)" }, status.map { "status \($0)" },
      attempt.map { "attempt \($0)" }, reason.map { "because \($0)" },
    ]
    return parts.compactMap { $0 }.joined(separator: " ")
  }
}
