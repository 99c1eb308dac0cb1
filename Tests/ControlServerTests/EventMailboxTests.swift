import ControlProtocol
import ControlServer
import ProgressModel
import Testing

@Suite("Events on their way to a reader", .timeLimit(.minutes(5)))
struct EventMailboxTests {
  @Test("What is delivered is read in its order, and what is too much is counted")
  func overflow() async {
    let mailbox = EventMailbox(capacity: 3) { _ in true }
    mailbox.deliver((1...5).map { SamplePort.event($0) })
    let events = await mailbox.next(within: .seconds(10)) ?? []
    #expect(events.map(\.id) == [1, 2, 3, nil])
    #expect(events.last?.kind == .lost && events.last?.count == 2)
    mailbox.deliver([SamplePort.event(6)])
    #expect(await mailbox.next(within: .seconds(10))?.map(\.id) == [6])
  }

  @Test("A reader waits for what comes, for its time, and for the end")
  func waiting() async {
    let mailbox = EventMailbox { _ in true }
    #expect(await mailbox.next(within: .milliseconds(1)) == [])
    async let next = mailbox.next(within: .seconds(30))
    mailbox.deliver([SamplePort.event(1)])
    #expect(await next?.map(\.id) == [1])
    async let last = mailbox.next(within: .seconds(30))
    mailbox.end()
    #expect(await last == nil)
    mailbox.deliver([SamplePort.event(2)])
    #expect(await mailbox.next(within: .seconds(30)) == nil)
  }

  @Test("Entries are their sender's to see, and what is about the daemon is everybody's")
  func visibility() {
    let (alice, root) = (Caller(uid: 1_000, daemon: 7), Caller(uid: 0, daemon: 7))
    let held = LiveEvent(at: SamplePort.instant("2026-01-28T15:02:00Z"), kind: .held, text: "held")
    #expect(alice.maySee(held) && root.maySee(held))
    #expect(alice.maySee(SamplePort.event(1, of: 1_000)) && root.maySee(SamplePort.event(1, of: 1_000)))
    #expect(!alice.maySee(SamplePort.event(1, of: 1_001)))
    var cleared = LiveEvent(at: SamplePort.instant("2026-01-28T15:02:00Z"), kind: .discarded, text: "cleared")
    #expect(alice.maySee(cleared), "a clear of everything")
    cleared.sender = 1_001
    #expect(!alice.maySee(cleared) && root.maySee(cleared), "a clear of somebody's")
  }

  @Test(
    "A filter lets through what it names",
    arguments: [
      (EventFilter(), true), (EventFilter(programs: ["p1"]), true), (EventFilter(programs: ["p2"]), false),
      (EventFilter(keys: ["complete-p1-1-3"]), true), (EventFilter(programs: ["p1"], keys: ["other"]), false),
    ])
  func filter(filter: EventFilter, wants: Bool) {
    #expect(filter.wants(SamplePort.event(1)) == wants)
  }

  @Test(
    "What is about no entry and no file concerns whoever watches one, and a file those only who watch everything",
    arguments: LiveEvent.Kind.allCases)
  func filterOfOthers(kind: LiveEvent.Kind) {
    var event = LiveEvent(at: SamplePort.instant("2026-01-28T15:02:00Z"), kind: kind, text: "")
    let filters = [EventFilter(), EventFilter(programs: ["p1"]), EventFilter(keys: ["complete-p1-1-3"])]
    #expect(filters.map { $0.wants(event) } == [true, true, true])
    event.file = "a.json"
    #expect(filters.map { $0.wants(event) } == [true, false, false])
  }
}
