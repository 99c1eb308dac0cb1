import ProgressModel
import SyncPolicy
import SyncStore
import Testing

@Suite("Acceptance")
struct AcceptTests {
  private let queue: TemporaryQueue
  private let store: SyncStore
  private let p1: Session

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
    p1 = try session()
  }

  @Test("splits a complete into one write per field")
  func split() throws {
    let date = try #require(ScheduledDate("2026-01-28"))
    let acceptance = try store.accept(Action(session: p1, change: .complete(at: nil, rating: .hard, scheduled: date)))
    #expect(acceptance.entries.map(\.key.description) == ["complete-p1-1-3", "intensity-p1-1-3", "schedule-p1-1-3"])
    #expect(try store.entries().map(\.write?.value) == [.done(at: start), .rating(.hard), .scheduled(date)])
    #expect(try store.entries().allSatisfy { $0.dueAt == start + .milliseconds(500) && $0.sender == 1000 })
  }

  @Test("keeps one write per key, the newest, and restarts the debounce up to its maximum")
  func coalesce() throws {
    for step in 0..<30 {
      let now = start + .milliseconds(step * 200)
      try store.accept(Action(session: p1, change: .rate(step % 2 == 0 ? .easy : .hard)), at: now)
    }
    let entries = try store.entries()
    #expect(entries.compactMap(\.write?.value) == [.rating(.hard)])
    #expect(entries.map(\.dueAt) == [start + .seconds(5)])
    #expect(try store.counts().pending == 1)
  }

  @Test("of a complete without a rating takes no rating away")
  func independentFields() throws {
    try store.accept(Action(session: p1, change: .complete(at: nil, rating: .hard, scheduled: nil)))
    try store.accept(Action(session: p1, change: .complete(at: nil, rating: nil, scheduled: nil)), at: start + .seconds(1))
    #expect(Set(try store.entries().map(\.write?.value)) == [.rating(.hard), .done(at: start + .seconds(1))])
  }

  @Test("lets a later uncomplete replace a complete")
  func undo() throws {
    try store.accept(Action(session: p1, change: .complete(at: nil, rating: nil, scheduled: nil)))
    try store.accept(Action(session: p1, change: .uncomplete))
    #expect(try store.entries().map(\.write?.value) == [.undone])
  }

  @Test("goes by the instants between two senders, whose files may come in another order than they were dropped in")
  func overtaken() throws {
    func accept(_ rating: IntensityRating, sender: UInt32, droppedAt: Timestamp) throws -> Acceptance {
      let action = Action(session: p1, change: .rate(rating))
      let file = AcceptableFile(claim: "\(rating)", sender: sender, droppedAt: droppedAt, actions: [action])
      return try store.accept([file], now: start + .seconds(60), debounce: debounce, inFlight: [], forgetting: [])[0]
    }
    _ = try accept(.easy, sender: 1, droppedAt: start + .seconds(10))
    let overtaken = try accept(.hard, sender: 2, droppedAt: start + .seconds(9))
    #expect(overtaken.outdated.map(\.description) == ["intensity-p1-1-3"] && overtaken.entries.isEmpty)
    #expect(try store.entries().map(\.write?.value) == [.rating(.easy)])
    _ = try accept(.perfect, sender: 1, droppedAt: start + .seconds(8))
    #expect(try store.entries().map(\.write?.value) == [.rating(.perfect)], "of one sender, the later acceptance is the later drop")
  }

  @Test("begins a new debounce when the key's write is being sent")
  func whileSending() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)))
    let sequence = try #require(try store.entries().first).sequence
    let now = start + .milliseconds(4_900)
    try store.accept(Action(session: p1, change: .rate(.hard)), at: now, inFlight: [sequence])
    let entry = try #require(try store.entries().first)
    #expect(entry.sequence > sequence)
    #expect(entry.dueAt == now + .milliseconds(500))
  }

  @Test("of a claim that has its receipt changes nothing")
  func receipts() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c1")
    try store.accept(Action(session: p1, change: .rate(.hard)), claim: "c2")
    let again = try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c1")
    #expect(again.entries.isEmpty)
    #expect(try store.entries().map(\.write?.value) == [.rating(.hard)])
    #expect(try store.accepted(among: ["c1", "c2", "c3"]) == ["c1", "c2"])
  }

  @Test("forgets receipts only when told")
  func forgetting() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c1")
    try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c2", forgetting: ["c1"])
    #expect(try store.accepted(among: ["c1", "c2"]) == ["c2"])
    try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c3", at: start + .seconds(60))
    try store.accept(Action(session: p1, change: .rate(.easy)), claim: "c4")
    try store.forgetReceipts(before: start + .seconds(1), except: ["c4"])
    #expect(try store.accepted(among: ["c1", "c2", "c3", "c4"]) == ["c3", "c4"])
  }

  @Test("of a client's id happens once per sender")
  func clientIDs() throws {
    let id = try #require(ActionID("tap-1"))
    try store.accept(Action(session: p1, change: .rate(.easy), id: id))
    let again = try store.accept(Action(session: p1, change: .rate(.hard), id: id))
    #expect(again.repeated == [id])
    #expect(try store.entries().map(\.write?.value) == [.rating(.easy)])
    #expect(try store.isAccepted(id, sender: 1000))
    #expect(try !store.isAccepted(id, sender: 1001))
    let other = try store.accept(Action(session: p1, change: .rate(.hard), id: id), sender: 1001)
    #expect(other.repeated.isEmpty)
  }

  @Test("forgets clients' ids in time")
  func forgetsClientIDs() throws {
    let id = try #require(ActionID("tap-1"))
    try store.accept(Action(session: p1, change: .rate(.easy), id: id))
    try store.forget(actionIDsBefore: start, discardsBefore: start)
    #expect(try store.isAccepted(id, sender: 1000))
    try store.forget(actionIDsBefore: start + .seconds(1), discardsBefore: start)
    #expect(try !store.isAccepted(id, sender: 1000))
  }

  @Test("keeps what was recorded later, when the client says so itself")
  func recordedEarlier() throws {
    try store.accept(Action(session: p1, change: .rate(.hard), recordedAt: start))
    let late = try store.accept(Action(session: p1, change: .rate(.easy), recordedAt: start - .seconds(60)))
    #expect(late.outdated.map(\.description) == ["intensity-p1-1-3"])
    #expect(try store.entries().map(\.write?.value) == [.rating(.hard)])
  }

  @Test("lets the later drop win though the earlier one was recorded in what is the future now, or was refused")
  func clockSetBackUnderExplicitInstants() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)))
    let before = start - .seconds(3600)
    try store.accept(Action(session: p1, change: .rate(.hard), recordedAt: before), at: before)
    #expect(try store.entries().map(\.write?.value) == [.rating(.hard)])
    let sequence = try #require(try store.entries().first).sequence
    let refused = Settlement(sequence: sequence, fate: .failed(status: 422, reason: "no"))
    _ = try store.settle([refused], pause: nil, now: before)
    try store.accept(Action(session: p1, change: .rate(.perfect), recordedAt: before - .seconds(1)), at: before)
    #expect(try store.entries().map(\.write?.value) == [.rating(.perfect)])
  }

  @Test("lets the later drop win when the clock was set back in between")
  func clockSetBack() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)))
    try store.accept(Action(session: p1, change: .rate(.hard)), at: start - .seconds(3600))
    let entry = try #require(try store.entries().first)
    #expect(entry.write?.value == .rating(.hard))
    #expect(entry.write?.recordedAt == start + .milliseconds(1))
    #expect(entry.dueAt == start - .seconds(3600) + .milliseconds(500))
  }

  @Test("tells exercises apart that only their ids tell apart")
  func ambiguousKeys() throws {
    let first = try #require(ExerciseLog(fields: ["exercise_id": .string("3-x")]))
    let second = try #require(ExerciseLog(fields: ["exercise_id": .string("x")]))
    try store.accept(Action(session: session("p", 1, 2), change: .logExercise(first)))
    try store.accept(Action(session: session("p-1", 2, 3), change: .logExercise(second)))
    #expect(try store.counts().pending == 2)
  }

  @Test("gives every write an id that no other has")
  func ids() throws {
    try store.accept(
      Action(session: p1, change: .complete(at: nil, rating: .hard, scheduled: nil)), Action(session: p1, change: .rate(.easy)), claim: "c1"
    )
    let due = try store.writesDue(in: p1, of: .common, now: start + .seconds(1))
    #expect(due.map(\.id) == ["c1-1", "c1-3"])
  }
}
