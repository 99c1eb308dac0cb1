import GRDB
import ProgressModel
import SyncPolicy
@testable import SyncStore
import TestSupport
import Testing

@Suite("Planning and settling")
struct SettleTests {
  private let queue: TemporaryQueue
  private let store: SyncStore
  private let p1: Session
  private let later = start + .seconds(1)

  init() throws {
    queue = try TemporaryQueue()
    store = try queue.open()
    p1 = try session()
  }

  private func settle(_ sequence: Int64, _ fate: Fate, isPutOff: Bool = false) throws -> Bool {
    let settlement = Settlement(sequence: sequence, fate: fate, verdict: isPutOff ? .unreachable : nil)
    return try store.settle([settlement], pause: nil, now: later).contains(sequence)
  }

  private func acceptRating(_ rating: IntensityRating = .easy, at now: Timestamp = start) throws -> Int64 {
    try store.accept(Action(session: p1, change: .rate(rating)), at: now)
    return try #require(try store.entries().last).sequence
  }

  @Test("nothing is due before its time")
  func due() throws {
    _ = try acceptRating()
    #expect(try store.sessionsDue(of: p1.program, of: .common, now: start + .milliseconds(499), atMost: 8, busy: []).isEmpty)
    #expect(try store.nextDue(of: .common, busy: []) == start + .milliseconds(500))
    #expect(try store.sessionsDue(of: p1.program, of: .common, now: start + .milliseconds(500), atMost: 8, busy: []) == [p1])
  }

  @Test("a session that is busy is passed over, and others go on in due order")
  func busy() throws {
    let sessions = try (1...5).map { try session("p1", 1, $0) }
    for (index, session) in sessions.enumerated().reversed() {
      try store.accept(Action(session: session, change: .uncomplete), at: start + .milliseconds(index * 10))
    }
    #expect(
      try store.sessionsDue(of: p1.program, of: .common, now: later, atMost: 3, busy: [sessions[1]]) == [
        sessions[0], sessions[2], sessions[3],
      ])
    #expect(try store.nextDue(of: .common, busy: [sessions[0]]) == start + .milliseconds(510))
    #expect(try store.nextDue(of: .common, busy: Set(sessions)) == nil)
  }

  @Test("a delivered write leaves the queue")
  func delivered() throws {
    #expect(try settle(acceptRating(), .delivered))
    #expect(try store.entries().isEmpty)
    #expect(try store.counts().lastSyncedAt == later)
  }

  @Test(
    "settling a write that a newer one replaced changes nothing",
    arguments: [
      Fate.delivered, .retried(at: start, failures: 9, state: .parked, companyLimit: 0, status: nil, reason: "x"),
      .separated(companyLimit: 0, reason: "x"),
      .failed(status: 422, reason: "x"),
    ])
  func replaced(fate: Fate) throws {
    let old = try acceptRating(.easy)
    try store.accept(Action(session: p1, change: .rate(.hard)), at: later, inFlight: [old])
    let before = try store.entries()
    #expect(try !settle(old, fate))
    #expect(try store.entries() == before)
  }

  @Test("sequences are never used again, not even that of the last row")
  func generations() throws {
    let first = try acceptRating()
    #expect(try settle(first, .delivered))
    #expect(try acceptRating() > first)
  }

  @Test("a retried write waits, and remembers why")
  func retried() throws {
    let sequence = try acceptRating()
    #expect(
      try settle(sequence, .retried(at: later + .seconds(5), failures: 2, state: .retrying, companyLimit: 0, status: 503, reason: "503")))
    let entry = try #require(try store.entries().first)
    #expect(entry.state == .retrying && entry.failures == 2 && entry.dueAt == later + .seconds(5) && entry.lastReason == "503")
    let due = try store.writesDue(in: p1, of: .common, now: later + .seconds(5))
    #expect(due.map(\.isAlone) == [true])
    #expect(try store.counts().retrying == 1)
  }

  @Test("a failed write is kept, is never due, and gives way to a newer one of its key")
  func failed() throws {
    #expect(try settle(acceptRating(.easy), .failed(status: 422, reason: "body.intensity_rating: bad")))
    let entry = try #require(try store.entries().first)
    #expect(entry.state == .failed && entry.dueAt == nil && entry.lastStatus == 422)
    #expect(try store.nextDue(of: .common, busy: []) == nil)
    #expect(try store.counts().failed == 1)
    _ = try acceptRating(.hard, at: later)
    #expect(try store.entries().map(\.state) == [.waiting])
    #expect(try store.counts().failed == 0)
    #expect(try store.nextDue(of: .common, busy: []) == later + .milliseconds(500))
  }

  @Test("separated writes are due at once, alone")
  func separated() throws {
    #expect(try settle(acceptRating(), .separated(companyLimit: 0, reason: "422")))
    #expect(try store.writesDue(in: p1, of: .common, now: later).map(\.isAlone) == [true])
  }

  @Test("separated writes keep their place: what has waited for long does not become fresh")
  func separatedPlace() throws {
    let sequence = try acceptRating()
    let settlement = Settlement(sequence: sequence, fate: .separated(companyLimit: 1, reason: "422"))
    _ = try store.settle([settlement], pause: nil, now: start + .seconds(60))
    #expect(try store.nextDue(of: .common, busy: []) == start + .milliseconds(500))
  }

  @Test("what only the API's trouble put off is probed with last, if need be before it is due, and is released together")
  func putOff() throws {
    let other = try session("p1", 1, 4)
    let fate = Fate.retried(at: later + .seconds(900), failures: 4, state: .parked, companyLimit: nil, status: nil, reason: "refused")
    #expect(try settle(acceptRating(), fate, isPutOff: true))
    #expect(try store.sessionsDue(of: p1.program, of: .common, now: later, atMost: 8, busy: []).isEmpty)
    #expect(try store.sessionToProbe(of: .common, includingPutOff: false, now: later) == nil)
    #expect(try store.sessionToProbe(of: .common, includingPutOff: true, now: later) == p1)
    #expect(try store.writesDue(in: p1, of: .common, now: later, includingPutOff: true).count == 1)
    try store.accept(Action(session: other, change: .uncomplete))
    #expect(try store.sessionToProbe(of: .common, includingPutOff: true, now: later) == other)
    #expect(try !store.releasePutOff(of: nil, now: later))
    #expect(Set(try store.sessionsDue(of: p1.program, of: .common, now: later, atMost: 8, busy: [])) == [p1, other])
  }

  @Test("a write that is passed over waits behind all others, and is released with what the trouble put off")
  func passedOver() throws {
    #expect(try settle(acceptRating(), .passedOver(until: later + .seconds(300))))
    #expect(try store.sessionsDue(of: p1.program, of: .common, now: later, atMost: 8, busy: []).isEmpty)
    #expect(try store.entries().first?.failures == 0)
    #expect(try !store.releasePutOff(of: nil, now: later))
    #expect(try store.sessionsDue(of: p1.program, of: .common, now: later, atMost: 8, busy: []) == [p1])
  }

  @Test("a session with many exercises is read by the row")
  func manyExercises() throws {
    for number in 1...50 {
      let log = try #require(ExerciseLog(fields: ["exercise_id": .string("e\(number)")]))
      try store.accept(Action(session: p1, change: .logExercise(log)))
    }
    try store.accept(Action(session: p1, change: .complete(at: nil, rating: .hard, scheduled: nil)), at: start + .seconds(3))
    let now = start + .seconds(5)
    #expect(try store.writesDue(in: p1, of: .common, now: now).count == 1)
    for entry in try store.entries().prefix(50) { #expect(try settle(entry.sequence, .delivered)) }
    #expect(try store.writesDue(in: p1, of: .common, now: now).count == 2)
  }

  @Test("an unreadable row is named, and can be set aside")
  func unreadable() throws {
    let sequence = try acceptRating()
    try store.database.write { try $0.execute(sql: "UPDATE writes SET value = '{\"from\":\"the future\"}'") }
    #expect(throws: SyncStoreError.unreadable(sequence: sequence)) { try store.writesDue(in: p1, of: .common, now: later) }
    try store.setAside(unreadable: sequence)
    #expect(try store.writesDue(in: p1, of: .common, now: later).isEmpty)
    #expect(try store.counts().failed == 1)
  }

  @Test("a clock that was set back strands nothing")
  func clockStep() throws {
    _ = try acceptRating(at: start + .seconds(1_000_000))
    _ = try store.clampDueTimes(now: start, longestDebounce: .seconds(5), longestWait: .seconds(60))
    #expect(try store.nextDue(of: .common, busy: []) == start + .seconds(5))
    let fate = Fate.retried(at: start + .seconds(1_000_000), failures: 1, state: .retrying, companyLimit: nil, status: 503, reason: "503")
    #expect(try settle(#require(try store.entries().first).sequence, fate))
    _ = try store.clampDueTimes(now: start, longestDebounce: .seconds(5), longestWait: .seconds(60))
    #expect(try store.nextDue(of: .common, busy: []) == start + .seconds(60))
  }

  @Test("the tallies equal the rows after a random walk")
  func tallies() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for step in 0..<400 {
      let now = start + .milliseconds(step)
      if Bool.random(using: &random) {
        let session = try session("p1", 1, Int.random(in: 1...5, using: &random))
        try store.accept(Action(session: session, change: Bool.random(using: &random) ? .uncomplete : .rate(.easy)), at: now)
      } else if let entry = try store.entries().randomElement(using: &random) {
        let fates: [Fate] = [
          .delivered, .failed(status: 400, reason: "x"), .passedOver(until: now),
          .retried(at: now, failures: 1, state: .retrying, companyLimit: nil, status: nil, reason: "x"),
          .retried(at: now, failures: 4, state: .parked, companyLimit: nil, status: nil, reason: "x"),
        ]
        _ = try settle(entry.sequence, #require(fates.randomElement(using: &random)))
      }
    }
    let states = Dictionary(grouping: try store.entries(), by: \.state).mapValues(\.count)
    let counts = try store.counts()
    #expect([counts.waiting, counts.retrying, counts.parked, counts.failed] == WriteState.allCases.map { states[$0] ?? 0 }, "seed \(seed)")
  }
}
