import GRDB
import ProgressModel
import SyncPolicy
@testable import SyncStore
import TestSupport
import Testing

@Suite("What has happened to writes is counted, and the counts agree with the rows")
struct TotalsTests {
  private let queue: TemporaryQueue
  private let store: SyncStore
  private let p1: Session

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
    p1 = try session()
  }

  private func settle(_ fate: Fate, _ verdict: FailureVerdict) throws {
    let sequence = try #require(try store.entries().last).sequence
    _ = try store.settle([Settlement(sequence: sequence, fate: fate, verdict: verdict)], pause: nil, now: start)
  }

  private func retried(_ state: WriteState = .retrying) -> Fate {
    .retried(at: start, failures: 1, state: state, companyLimit: nil, status: 503, reason: "503")
  }

  @Test("a file that is accepted, replaced, outdated and repeated")
  func accepted() throws {
    let id = try #require(ActionID("once"))
    let first = try store.accept(Action(session: p1, change: .complete(at: nil, rating: .hard, scheduled: nil), id: id))
    let second = try store.accept(Action(session: p1, change: .uncomplete), sender: 1001)
    #expect(second.superseded == [first.entries[0]])
    #expect(second.entries.map(\.sender) == [1001])
    _ = try store.accept(Action(session: p1, change: .rate(.easy), recordedAt: start - .seconds(60)))
    _ = try store.accept(Action(session: p1, change: .rate(.easy), id: id))
    let totals = try store.totals()
    #expect(totals.accepted == 4 && totals.superseded == 2)
    #expect(try totals.accepted == totals.superseded + store.entries().count)
    #expect(try store.entries().map(\.sequence) == [first.entries[1].sequence, second.entries[0].sequence])
  }

  @Test("an attempt by what it was taken for, only when the write is still there, and once per write")
  func settled() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)))
    try settle(retried(), .deferred)
    try settle(retried(.parked), .unreachable)
    try settle(.passedOver(until: start), .throttled)
    try settle(.passedOver(until: start), .unauthorized)
    try settle(.separated(companyLimit: 0, reason: "x"), .unsupported)
    try settle(.separated(companyLimit: 0, reason: "x"), .rejected)
    try settle(.failed(status: 422, reason: "x"), .rejected)
    try settle(.delivered, .delivered)
    _ = try store.settle([Settlement(sequence: 1, fate: .delivered)], pause: nil, now: start)
    let totals = try store.totals()
    let counted = QueueTotals.columns.filter { totals[keyPath: $0.path] == 1 }.map(\.name)
    #expect(counted == ["accepted", "delivered", "refused", "deferred", "throttled", "unreachable", "unauthorized", "unsupported"])
  }

  @Test("nothing when the transaction that counts them fails")
  func rolledBack() throws {
    try store.accept(Action(session: p1, change: .rate(.easy)))
    try store.database.write { try $0.execute(sql: "CREATE TRIGGER no BEFORE DELETE ON writes BEGIN SELECT raise(ABORT, 'no'); END") }
    #expect(throws: SyncStoreError.self) { try settle(.delivered, .delivered) }
    #expect(throws: SyncStoreError.self) { try store.accept(Action(session: p1, change: .rate(.hard))) }
    #expect(try store.totals().accepted == 1 && store.totals().delivered == 0)
  }

  @Test("what a queue of the second version holds, as accepted; its rows do not say when they were dropped")
  func migrated() throws {
    let old = try TemporaryQueue()
    let database = try DatabaseQueue(path: old.path)
    try Schema.migrator.migrate(database, upTo: "2: company, turns of programs, pause")
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
            due_at_ms, sender_uid) VALUES ('c-1', 'p1', 1, 3, 'completion', '{"completed_at":null}', 1, 1, 1, 1, 1000)
          """)
    }
    let migrated = try old.open()
    #expect(try migrated.totals().accepted == 1)
    let due = try migrated.writesDue(in: p1, of: .common, now: start)
    #expect(due.map(\.sender) == [1000] && due.map(\.droppedAt) == [nil])
  }
}
