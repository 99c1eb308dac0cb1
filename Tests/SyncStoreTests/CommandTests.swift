import GRDB
import ProgressModel
import SyncPolicy
@testable import SyncStore
import Testing

@Suite("What a person does to entries of the queue")
struct CommandTests {
  private let queue: TemporaryQueue
  private let store: SyncStore
  private let later = start + .seconds(3_600)

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
  }

  /// Days 1 to 4 of user 1000, and 5 of user 1001: waiting, retrying, parked, failed, and failed.
  private func fill() throws {
    for day in 1...5 {
      try store.accept(Action(session: session("p1", 1, day), change: .uncomplete), claim: "c\(day)", sender: day == 5 ? 1001 : 1000)
    }
    let sequences = try store.entries().map(\.sequence)
    let parked = Fate.retried(at: later + .seconds(900), failures: 4, state: .parked, companyLimit: 0, status: nil, reason: "refused")
    let retrying = Fate.retried(at: later + .seconds(5), failures: 1, state: .retrying, companyLimit: 2, status: 503, reason: "503")
    let failed = Fate.failed(status: 422, reason: "no such session")
    let settlements = zip(sequences.dropFirst(), [retrying, parked, failed, failed]).map { Settlement(sequence: $0, fate: $1) }
    _ = try store.settle(settlements, pause: nil, now: start)
    let separated = Settlement(sequence: sequences[3], fate: .separated(companyLimit: 0, reason: "alone"))
    _ = try store.settle([separated], pause: nil, now: start)
    _ = try store.settle([settlements[2]], pause: nil, now: start)
  }

  private func sequence(_ day: Int) throws -> Int64 {
    try #require(try store.entries().first { $0.write?.session.day == day }).sequence
  }

  private func days(_ entries: [QueueEntry]) -> [Int] { entries.compactMap { $0.write?.session.day } }

  private func ids() throws -> [String] {
    try store.database.read { try String.fetchAll($0, sql: "SELECT id FROM writes ORDER BY sequence") }
  }

  private func expectBalance() throws {
    let (totals, rows) = (try store.totals(), try store.entries().count)
    #expect(totals.accepted == totals.superseded + totals.delivered + totals.discarded + totals.lost + rows)
  }

  @Test("retrying begins anew what has failed, under another id and in any company, and hastens the rest under its own")
  func retry() throws {
    try fill()
    let step = try store.retry(EntrySelection(all: true), of: nil, from: nil, now: later)
    #expect(step.changed == 5 && step.missing.isEmpty && step.next == nil)
    #expect(try ids() == ["c1-1", "c2-1", "c3-1", "c4-1~1", "c5-1~1"])
    let entries = try store.entries()
    #expect(entries.map(\.state) == [.waiting, .retrying, .parked, .waiting, .waiting])
    #expect(entries.map(\.failures) == [0, 1, 4, 0, 0])
    #expect(entries.map(\.lastReason) == [nil, "503", "refused", nil, nil])
    #expect(entries.map(\.dueAt) == [start + .milliseconds(500)] + Array(repeating: later, count: 4))
    let limits = try store.writesDue(in: session("p1", 1, 4), of: .common, now: later).map(\.companyLimit)
    #expect(limits == [QueuedWrite.anyCompany])
    #expect(try store.writesDue(in: session("p1", 1, 2), of: .common, now: later).map(\.companyLimit) == [2])
    #expect(try store.counts().failed == 0 && store.counts().waiting == 3)
  }

  @Test("each retry of what was refused again has an id of its own")
  func retryAgain() throws {
    try fill()
    for _ in 1...11 {
      let four = try sequence(4)
      _ = try store.retry(EntrySelection(sequences: [four]), of: nil, from: nil, now: later)
      _ = try store.settle([Settlement(sequence: four, fate: .failed(status: 422, reason: "no"))], pause: nil, now: later)
    }
    #expect(try ids()[3] == "c4-1~11")
  }

  @Test("a selection names by sequence, by key and by state, and says what is missing; each entry counts once")
  func selections() throws {
    try fill()
    let one = try sequence(1)
    let selection = EntrySelection(sequences: [one, one, 77], keys: ["complete-p1-1-4", "complete-p1-1-9", "nonsense"], allFailed: true)
    let step = try store.retry(selection, of: nil, from: nil, now: later)
    #expect(step.entries.map(\.key.session.day) == [1, 4, 5])
    #expect(step.changed == 3 && step.missing == ["77", "complete-p1-1-9", "nonsense"])
  }

  @Test("what others have dropped is neither changed nor admitted to be there")
  func others() throws {
    try fill()
    let five = try sequence(5)
    let selection = EntrySelection(sequences: [five], keys: ["complete-p1-1-5", "complete-p1-1-3"], allFailed: true)
    let step = try store.discard(selection, of: 1000, by: 1000, from: nil, now: later)
    #expect(step.missing == ["\(five)", "complete-p1-1-5"])
    #expect(days(try store.entries()) == [1, 2, 5])
    let all = try store.discard(EntrySelection(all: true), of: 1000, by: 1000, from: nil, now: later)
    #expect(all.changed == 2)
    #expect(days(try store.entries()) == [5])
    #expect(try store.retry(EntrySelection(all: true), of: 1000, from: nil, now: later).changed == 0)
    #expect(try store.entries().map(\.state) == [.failed])
    try expectBalance()
  }

  @Test("what is discarded is gone and counted; the answer to what was being sent changes nothing")
  func discard() throws {
    try fill()
    let two = try sequence(2)
    let step = try store.discard(EntrySelection(keys: ["complete-p1-1-2"]), of: nil, by: 0, from: nil, now: later)
    #expect(step.entries.map(\.sequence) == [two] && step.entries.map(\.sender) == [1000])
    #expect(try store.settle([Settlement(sequence: two, fate: .delivered)], pause: nil, now: later).isEmpty)
    #expect(try store.totals().discarded == 1 && store.totals().delivered == 0)
    #expect(try store.nextDue(of: .common, busy: []) == start + .milliseconds(500))
    try expectBalance()
  }

  @Test("steps go on where they ended, and leave alone what came since; between two of them all is well")
  func steps() throws {
    for day in 1...10 { try store.accept(Action(session: session("p1", 1, day), change: .uncomplete), sender: day == 4 ? 1001 : 1000) }
    var cursor: EntryCursor?
    var changed: [Int] = []
    repeat {
      let step = try store.discard(EntrySelection(all: true), of: 1000, by: 0, from: cursor, atMost: 3, now: later)
      changed.append(step.changed)
      cursor = step.next
      if changed.count == 1 { try store.accept(Action(session: session("p1", 2, 1), change: .uncomplete)) }
      try expectBalance()
    } while cursor != nil
    #expect(changed == [3, 2, 3, 1])
    #expect(days(try store.entries()) == [4, 1])
  }

  @Test("a million would go by steps of 20 000, and so do 45 000")
  func manyRows() throws {
    try store.database.write { database in
      try database.execute(
        sql: """
          WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 44999)
          INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
            due_at_ms, sender_uid)
          SELECT 'c-' || n, 'p' || (n / 1000), 1, n % 1000 + 1, 'completion', '{"completed_at":null}', 1, 1, 1, 1 << 50, 1000 FROM number;
          UPDATE totals SET accepted = 45000;
          """)
    }
    func steps(_ step: (EntryCursor?) throws -> EntryStep) rethrows -> [Int] {
      var (changed, cursor): ([Int], EntryCursor?) = ([], nil)
      repeat {
        let step = try step(cursor)
        (changed, cursor) = (changed + [step.changed], step.next)
      } while cursor != nil
      return changed
    }
    #expect(try steps { try store.flush(of: 1000, from: $0, now: later) } == [20_000, 20_000, 5_000])
    #expect(try steps { try store.flush(of: 1000, from: $0, now: later) } == [0, 0, 0])
    #expect(try steps { try store.retry(EntrySelection(all: true), of: nil, from: $0, now: later) } == [20_000, 20_000, 5_000])
    try store.database.write { try $0.execute(sql: "UPDATE writes SET is_put_off = 1, due_at_ms = 1 << 50") }
    #expect(try store.releasePutOff(of: nil, now: later) && store.releasePutOff(of: nil, now: later))
    #expect(try !store.releasePutOff(of: nil, now: later))
    #expect(try store.entries(sender: nil, atMost: .max).allSatisfy { $0.dueAt == later })
    #expect(try store.entries(sender: 1001, atMost: 10).isEmpty)
    #expect(try steps { try store.discard(EntrySelection(all: true), of: nil, by: 0, from: $0, now: later) } == [20_000, 20_000, 5_000])
    #expect(try store.totals().discarded == 45_000 && store.counts().pending == 0)
    try store.forget(actionIDsBefore: start, discardsBefore: later + .seconds(1))
    let left = try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM discards") }
    #expect(left == 25_000)
  }

  @Test("flushing hastens one user's entries only")
  func flush() throws {
    try store.accept(Action(session: session("p1", 1, 1), change: .uncomplete), sender: 1000)
    try store.accept(Action(session: session("p1", 1, 2), change: .uncomplete), sender: 1001)
    #expect(try store.flush(of: 1001, from: nil, now: start).changed == 1)
    #expect(try store.entries().map(\.dueAt) == [start + .milliseconds(500), start])
  }

  @Test("a row that nobody can read can still be discarded")
  func unreadable() throws {
    try fill()
    let one = try sequence(1)
    try store.database.write { try $0.execute(sql: "UPDATE writes SET program_id = '..' WHERE sequence = ?", arguments: [one]) }
    let step = try store.discard(EntrySelection(sequences: [one]), of: nil, by: 0, from: nil, now: later)
    #expect(step.changed == 1 && step.entries.isEmpty)
    try expectBalance()
  }

  @Test("a pause is kept over restarts, and the last wish counts")
  func suspension() throws {
    #expect(try store.suspension() == nil)
    try store.suspend(Suspension(since: start, length: .seconds(7_200), by: 1000))
    let last = Suspension(since: later, length: nil, by: 0)
    #expect(try queue.open().suspension() == Suspension(since: start, length: .seconds(7_200), by: 1000))
    try store.suspend(last)
    #expect(try queue.open().suspension() == last)
    try store.resume()
    #expect(try queue.open().suspension() == nil)
  }
}

@Suite("What stands in the queue is listed")
struct EntriesTests {
  private let queue: TemporaryQueue
  private let store: SyncStore

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
    for day in 1...30 { try store.accept(Action(session: session("p1", 1, day), change: .uncomplete), sender: day % 3 == 0 ? 1001 : 1000) }
    let failed = try store.entries().map(\.sequence).filter { $0 % 5 == 0 }
    let fate = Fate.failed(status: 422, reason: "no")
    _ = try store.settle(failed.map { Settlement(sequence: $0, fate: fate) }, pause: nil, now: start)
  }

  @Test("page by page, by owner, state, key and sequence")
  func filters() throws {
    let reader = try SyncStore.reading(path: queue.path)
    func list(_ filter: EntryFilter = EntryFilter(), sender: UInt32? = nil, after: Int64 = 0, atMost limit: Int = 100) throws -> [Int64] {
      try reader.entries(matching: filter, sender: sender, after: after, atMost: limit).map(\.sequence)
    }
    #expect(try list() == Array(1...30))
    #expect(try list(after: 10, atMost: 3) == [11, 12, 13])
    #expect(try list(sender: 1001, atMost: 4) == [3, 6, 9, 12])
    #expect(try list(EntryFilter(states: [.failed])) == [5, 10, 15, 20, 25, 30])
    #expect(try list(EntryFilter(states: [.failed]), sender: 1001) == [15, 30])
    #expect(try list(EntryFilter(states: [.waiting, .parked]), sender: 1001, after: 20) == [21, 24, 27])
    #expect(try list(EntryFilter(sequences: [7, 3, 99]), atMost: 5) == [3, 7])
    #expect(try list(EntryFilter(sequences: [7, 3]), sender: 1001) == [3])
    #expect(try list(EntryFilter(keys: ["complete-p1-1-5", "complete-p1-1-6", "x"])) == [5, 6])
    #expect(try list(EntryFilter(states: [.failed], keys: ["complete-p1-1-5", "complete-p1-1-6"], sequences: [5, 6])) == [5])
    #expect(try reader.latestFailures(sender: 1001, atMost: 5).map(\.sequence) == [30, 15])
    #expect(try reader.latestFailures(sender: nil, atMost: 2).map(\.sequence) == [30, 25])
    #expect(try reader.entry(4)?.key == "complete-p1-1-4")
    #expect(try reader.entry(31) == nil)
  }

  @Test("no more is held at once than a page's bytes and one value, and each entry comes once")
  func bytes() throws {
    let note = String(repeating: "x", count: 40_000)
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("squat"), "notes": .string(note)]))
    for day in 1...10 { try store.accept(Action(session: session("long", 1, day), change: .logExercise(log))) }
    let keys = Set((1...10).map { "exercise-long-1-\($0)-squat" })
    for filter in [EntryFilter(), EntryFilter(keys: keys), EntryFilter(sequences: Set(1...40))] {
      var (found, pages): ([Int64], [Int]) = ([], [])
      while case let page = try store.entries(matching: filter, sender: nil, after: found.last ?? 0, atMost: 1_000, bytes: 100_000),
        !page.isEmpty
      {
        (found, pages) = (found + page.map(\.sequence), pages + [page.reduce(0) { $0 + $1.value.utf8.count }])
      }
      #expect(found == Array(filter.keys.isEmpty ? 1...40 : 31...40))
      #expect(pages.count == 4 && pages.allSatisfy { $0 < 140_200 })
    }
  }

  @Test("the oldest that waits and the latest failures of a user are found by an index")
  func plans() throws {
    let plans = try store.database.read { database in
      try [
        "SELECT accepted_at_ms FROM writes WHERE state <> 'failed' ORDER BY sequence LIMIT 1",
        "SELECT * FROM writes WHERE state = 'failed' AND sender_uid = 7 ORDER BY sequence DESC LIMIT 5",
        "SELECT * FROM writes WHERE state = 'failed' AND 7 IS NULL ORDER BY sequence DESC LIMIT 5",
      ].flatMap { try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \($0)").map { $0["detail"] as String } }
    }
    #expect(
      plans == [
        "SCAN writes USING INDEX writes_pending", "SEARCH writes USING INDEX writes_failed_by_sender (sender_uid=?)",
        "SCAN writes USING INDEX writes_failed",
      ])
  }

  @Test("an action is unknown, waiting, refused, discarded or delivered, by what is durable")
  func actionState() throws {
    let id = try #require(ActionID("mine"))
    func state(_ keys: [String] = ["complete-p2-1-1"], sender: UInt32 = 1000, confinedTo user: UInt32? = 1000) throws -> ActionState {
      try queue.open().state(of: id, sender: sender, keys: keys, confinedTo: user)
    }
    #expect(try state() == .unknown)
    try store.accept(Action(session: session("p2", 1, 1), change: .uncomplete, id: id))
    #expect(try state(sender: 1001, confinedTo: 1001) == .unknown)
    #expect(try state() == .accepted(store.entries().last))
    #expect(try state([]) == .accepted(nil))
    let key = EntrySelection(keys: ["complete-p2-1-1"])
    let sequence = try #require(try store.entries().last).sequence
    _ = try store.settle([Settlement(sequence: sequence, fate: .failed(status: 422, reason: "no"))], pause: nil, now: start)
    #expect(try state() == .failed(try #require(store.entries().last)))
    _ = try store.retry(key, of: nil, from: nil, now: start)
    #expect(try state() == .accepted(store.entries().last))
    _ = try store.discard(key, of: nil, by: 7, from: nil, now: start)
    #expect(try state() == .discarded(by: 7))
    // Though the clock was set back.
    try store.accept(Action(session: session("p2", 1, 1), change: .uncomplete), sender: 1001, at: start - .seconds(60))
    #expect(try state() == .synced, "nothing of one's own is left; the newer write of the key is somebody else's")
    #expect(try state(confinedTo: nil) == .accepted(store.entries().last))
    let newer = try #require(try store.entries().last).sequence
    _ = try store.settle([Settlement(sequence: newer, fate: .delivered)], pause: nil, now: start)
    #expect(try state() == .synced)
    #expect(try state(["complete-p2-1-1", "complete-p1-1-1"]) == .accepted(store.entries().first))
  }

  @Test("nobody learns by an action of their own what became of somebody else's write, and an administrator does")
  func otherState() throws {
    let id = try #require(ActionID("mine"))
    try store.accept(Action(session: session("p2", 1, 1), change: .uncomplete, id: id), sender: 1001)
    func state(confinedTo user: UInt32?) throws -> ActionState {
      try store.state(of: id, sender: 1001, keys: ["complete-p3-1-1"], confinedTo: user)
    }
    func others(_ states: ActionState) throws {
      #expect(try state(confinedTo: 1001) == .synced)
      #expect(try state(confinedTo: nil) == states)
    }
    try others(.synced)
    try store.accept(Action(session: session("p3", 1, 1), change: .uncomplete), sender: 1000)
    try others(.accepted(store.entries().last))
    let sequence = try #require(try store.entries().last).sequence
    _ = try store.settle([Settlement(sequence: sequence, fate: .failed(status: 422, reason: "no"))], pause: nil, now: start)
    try others(.failed(try #require(store.entries().last)))
    _ = try store.discard(EntrySelection(sequences: [sequence]), of: 1000, by: 0, from: nil, now: start)
    try others(.discarded(by: 0))
  }

  @Test("a discard is forgotten in time")
  func forgotten() throws {
    let id = try #require(ActionID("mine"))
    try store.accept(Action(session: session("p2", 1, 1), change: .uncomplete, id: id))
    _ = try store.discard(EntrySelection(all: true), of: 1000, by: 1000, from: nil, now: start)
    try store.forget(actionIDsBefore: start, discardsBefore: start)
    #expect(try store.state(of: id, sender: 1000, keys: ["complete-p2-1-1"], confinedTo: 1000) == .discarded(by: 1000))
    try store.forget(actionIDsBefore: start, discardsBefore: start + .milliseconds(1))
    #expect(try store.state(of: id, sender: 1000, keys: ["complete-p2-1-1"], confinedTo: 1000) == .synced)
  }
}
