import GRDB
import ProgressModel
import SyncPolicy
@testable import SyncStore
import Testing

@Suite("The queue keeps accounts apart")
struct AccountTests {
  private let queue: TemporaryQueue
  private let store: SyncStore
  private let later = start + .seconds(60)

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
  }

  @discardableResult
  private func accept(
    _ change: Action.Change, by sender: UInt32, as account: Account, day: Int = 3, inFlight: Set<Int64> = []
  ) throws -> Acceptance {
    let file = AcceptableFile(
      claim: "\(sender)-\(day)-\(try store.totals().accepted)", sender: sender, account: account, droppedAt: start,
      actions: [Action(session: try session("p1", 1, day), change: change)])
    return try store.accept([file], now: start, debounce: debounce, inFlight: inFlight, forgetting: [])[0]
  }

  /// Sequence and account of each row.
  private func rows() throws -> [Int64: Account] {
    let rows = try store.database.read { try Row.fetchAll($0, sql: "SELECT sequence, account FROM writes") }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["sequence"], $0.account) })
  }

  private func expectBalance() throws {
    let (totals, rows) = (try store.totals(), try rows())
    #expect(totals.accepted == totals.superseded + totals.delivered + totals.discarded + totals.lost + rows.count)
    #expect(try store.rowsByAccount() == rows.values.reduce(into: [:]) { $0[$1, default: 0] += 1 })
  }

  @Test("with a row of the same key each, and turns of their own")
  func keys() throws {
    try accept(.rate(.easy), by: 1_000, as: .user(1_000))
    try accept(.rate(.hard), by: 1_001, as: .common)
    try accept(.rate(.hard), by: 1_000, as: .user(1_000))
    #expect(try rows() == [2: .common, 3: .user(1_000)])
    let p1 = try session("p1", 1, 3)
    for (account, sequence) in [(Account.common, Int64(2)), (.user(1_000), 3)] {
      #expect(try store.sessionsDue(of: p1.program, of: account, now: later, atMost: 9, busy: []) == [p1])
      let due = try store.writesDue(in: p1, of: account, now: later)
      #expect(due.map(\.sequence) == [sequence] && due.map(\.account) == [account])
    }
    #expect(try store.nextDue(of: .user(1_001), busy: []) == nil)
    try expectBalance()
  }

  @Test("and tell what each sender has in the queue, through acceptance, replacement, discard and delivery")
  func holdings() throws {
    let first = try accept(.rate(.easy), by: 1_000, as: .common).entries[0].sequence
    try accept(.schedule(.instant(start)), by: 1_000, as: .user(1_000))
    try accept(.uncomplete, by: 1_001, as: .common)
    let values = try store.entries().filter { $0.sender == 1_000 }.map(\.value.utf8.count).reduce(0, +)
    #expect(try store.holdings()[1_000] == SenderHoldings(rows: 2, bytes: values))
    #expect(try store.holdings()[1_001]?.rows == 1)
    _ = try store.settle([Settlement(sequence: first, fate: .delivered)], pause: nil, now: start)
    _ = try store.discard(EntrySelection(all: true), of: 1_001, by: 0, from: nil, now: start)
    #expect(try store.holdings().mapValues(\.rows) == [1_000: 1])
    try store.forget(actionIDsBefore: start, discardsBefore: start)
    #expect(try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM senders") } == 1)
    try expectBalance()
  }

  @Test("a newer write of a user with a token takes the place of what he dropped without one, and of nobody else's")
  func straysAreReplaced() throws {
    try accept(.rate(.easy), by: 1_000, as: .common)
    try accept(.rate(.easy), by: 1_001, as: .common, day: 4)
    let sequences = [try accept(.rate(.hard), by: 1_000, as: .user(1_000)), try accept(.rate(.hard), by: 1_000, as: .user(1_000), day: 4)]
    #expect(sequences.map(\.superseded.count) == [1, 0])
    #expect(try rows() == [2: .common, 3: .user(1_000), 4: .user(1_000)])
    try expectBalance()
  }

  @Test("what waits of a user moves into his account when he has a token; the newer of two stays, and nothing in flight moves")
  func moves() throws {
    // Older than the row of his account, newer than it, in flight, and somebody else's.
    try accept(.rate(.easy), by: 1_000, as: .common, day: 1)
    try store.database.write { try $0.execute(sql: "UPDATE writes SET program_id = 'p9'") }
    try accept(.rate(.hard), by: 1_000, as: .user(1_000), day: 1)
    try store.database.write { try $0.execute(sql: "UPDATE writes SET program_id = 'p1'") }
    try accept(.rate(.easy), by: 1_000, as: .user(1_000), day: 2)
    try accept(.rate(.hard), by: 1_000, as: .common, day: 2)
    try accept(.rate(.hard), by: 1_000, as: .common, day: 5)
    try accept(.rate(.hard), by: 1_001, as: .common, day: 6)
    var (cursor, changed): (EntryCursor?, Int) = (nil, 0)
    repeat {
      let step = try store.moveToOwnAccounts(of: [1_000], besides: [5], from: cursor, atMost: 2)
      (cursor, changed) = (step.next, changed + step.changed)
    } while cursor != nil
    #expect(changed == 2)
    #expect(try rows() == [2: .user(1_000), 4: .user(1_000), 5: .common, 6: .common])
    #expect(try store.totals().superseded == 2)
    _ = try store.moveToOwnAccounts(of: [1_000], besides: [], from: nil)
    #expect(try rows()[5] == .user(1_000))
    try expectBalance()
  }

  @Test("a discard is told of the account that it was in, and a newer write of the sender's ends it")
  func discards() throws {
    let id = try #require(ActionID("once"))
    let action = Action(session: try session(), change: .rate(.easy), id: id)
    try store.accept(action)
    _ = try store.discard(EntrySelection(all: true), of: nil, by: 7, from: nil, now: start)
    let keys = ["intensity-p1-1-3"]
    #expect(try store.state(of: id, sender: 1_000, keys: keys, confinedTo: 1_000) == .discarded(by: 7))
    try accept(.rate(.hard), by: 1_001, as: .user(1_001))
    #expect(try store.state(of: id, sender: 1_000, keys: keys, confinedTo: 1_000) == .discarded(by: 7))
    try accept(.rate(.hard), by: 1_000, as: .user(1_000))
    guard case .accepted(let entry?) = try store.state(of: id, sender: 1_000, keys: keys, confinedTo: 1_000) else {
      Issue.record("the newer write is not told")
      return
    }
    #expect(entry.sequence == 3)
  }

  @Test("a flood of ids makes the sender's oldest forgotten, and nobody else's")
  func ids() throws {
    try store.accept(Action(session: session(), change: .uncomplete, id: ActionID("other")), sender: 1_001)
    try store.database.write { database in
      try database.execute(
        sql: """
          WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(SyncStore.idsPerSender))
          INSERT INTO client_actions SELECT 1000, 'id-' || n, n FROM numbers
          """)
    }
    try store.accept(Action(session: session(), change: .uncomplete, id: ActionID("new")), sender: 1_000)
    #expect(try !store.isAccepted(#require(ActionID("id-1")), sender: 1_000))
    #expect(try store.isAccepted(#require(ActionID("id-2")), sender: 1_000))
    #expect(try store.isAccepted(#require(ActionID("new")), sender: 1_000))
    #expect(try store.isAccepted(#require(ActionID("other")), sender: 1_001))
  }

  @Test(
    "what a queue of an older version holds is in the common account, and counted by sender",
    arguments: ["1: queue and receipts", "2: company, turns of programs, pause", "3: totals, suspension, discards"])
  func migrated(version: String) throws {
    let old = try TemporaryQueue()
    let database = try DatabaseQueue(path: old.path)
    try Schema.migrator.migrate(database, upTo: version)
    try database.write { database in
      for day in 1...4 {
        try database.execute(
          sql: """
            INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
              due_at_ms, sender_uid) VALUES (?, 'p1', 1, ?, 'schedule', '{"scheduled_date":"2026-01-28"}', 1, 1, 1, 1, ?)
            """, arguments: ["c-\(day)", day, 1_000 + day / 4])
      }
      try database.execute(sql: "INSERT INTO client_actions VALUES (1000, 'once', 1)")
      guard version.hasPrefix("3") else { return }
      try database.execute(sql: "UPDATE totals SET accepted = 5, discarded = 1")
      try database.execute(sql: "INSERT INTO discards VALUES ('p1', 1, 9, 'completion', '', 1, 7, 1000)")
    }
    try database.close()
    let migrated = try old.open()
    #expect(try migrated.rowsByAccount() == [.common: 4])
    #expect(try migrated.holdings() == [1_000: SenderHoldings(rows: 3, bytes: 93), 1_001: SenderHoldings(rows: 1, bytes: 31)])
    #expect(try migrated.writesDue(in: session("p1", 1, 2), of: .common, now: start).map(\.sender) == [1_000])
    #expect(try migrated.isAccepted(#require(ActionID("once")), sender: 1_000))
    guard version.hasPrefix("3") else { return }
    let discarded = try migrated.state(of: #require(ActionID("once")), sender: 1_000, keys: ["complete-p1-1-9"], confinedTo: 1_000)
    #expect(discarded == .discarded(by: 7))
  }
}
