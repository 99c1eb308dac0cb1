import ProgressModel
import SyncPolicy
import Testing

@Suite("What is due for a session becomes its next request")
struct DeliveryTests {
  private let session: Session
  private let at = Timestamp(milliseconds: 1_000_000)

  init() throws {
    session = try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: 3) })
  }

  private func queued(
    _ sequence: Int64, _ value: WriteValue, recorded: Duration = .zero, companyLimit: Int = QueuedWrite.anyCompany
  ) -> QueuedWrite {
    let write = Write(session: session, value: value, recordedAt: at + recorded)
    return QueuedWrite(sequence: sequence, id: "w\(sequence)", write: write, failures: 0, companyLimit: companyLimit)
  }

  private func request(for due: [QueuedWrite]) -> Delivery? { Delivery(of: due, window: .seconds(5)) }

  @Test("nothing due is no request")
  func nothing() {
    #expect(request(for: []) == nil)
  }

  @Test("a completion takes its rating and its date along, whichever was due first")
  func companions() throws {
    let writes = [queued(1, .rating(.hard)), queued(2, .done(at: at)), queued(3, .scheduled(.instant(at)), recorded: .seconds(5))]
    for due in [writes, writes.reversed()] {
      let delivery = try #require(request(for: due))
      #expect(delivery.call.updates.first?.change == .complete(at: at, rating: .hard, scheduled: .instant(at)))
      #expect(delivery.call.updates.first?.recordedAt == at + .seconds(5))
      #expect(delivery.idempotencyKey == "w1.w2.w3")
      #expect(delivery.company == .session)
    }
  }

  @Test("what was recorded at another time goes on its own, so that it does not borrow an instant")
  func otherTimes() throws {
    let delivery = try #require(request(for: [queued(1, .done(at: at)), queued(2, .rating(.hard), recorded: .seconds(6))]))
    #expect(delivery.call.updates.first?.change == .complete(at: at, rating: nil, scheduled: nil))
    #expect(delivery.writes.map(\.sequence) == [1])
  }

  @Test("an undone completion, an exercise and what must be alone carry nothing else")
  func alone() throws {
    let rating = queued(2, .rating(.hard))
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("squat")]))
    for (first, change) in [
      (queued(1, .undone), SessionUpdate.Change.uncomplete), (queued(1, .exercise(log)), .exercise(log)),
      (queued(1, .done(at: at), companyLimit: 0), .complete(at: at, rating: nil, scheduled: nil)),
      (queued(1, .rating(.easy), companyLimit: 0), .intensity(.easy)), (queued(1, .scheduled(.instant(at))), .schedule(.instant(at))),
    ] {
      let delivery = try #require(request(for: [first, rating]))
      #expect(delivery.call.updates.first?.change == change)
      #expect(delivery.writes == [first])
      #expect(delivery.idempotencyKey == "w1")
    }
  }

  @Test("a rating that must be alone is left out of the completion's request")
  func aloneCompanion() throws {
    let delivery = try #require(request(for: [queued(1, .done(at: at)), queued(2, .rating(.hard), companyLimit: 0)]))
    #expect(delivery.writes.map(\.sequence) == [1])
  }
}

@Suite("Requests for several sessions become one bulk request")
struct BulkDeliveryTests {
  private let program: ProgramID
  private let at = Timestamp(milliseconds: 1_000_000)

  init() throws {
    program = try #require(ProgramID("p1"))
  }

  private func part(_ day: Int, _ values: [WriteValue], companyLimit: Int = QueuedWrite.anyCompany) throws -> Delivery {
    let session = try #require(Session(program: program, week: 1, day: day))
    let writes = values.enumerated().map { position, value in
      let sequence = Int64(1000 - day * 10 + position)
      let write = Write(session: session, value: value, recordedAt: at)
      return QueuedWrite(sequence: sequence, id: "w\(sequence)", write: write, failures: 0, companyLimit: companyLimit)
    }
    return try #require(Delivery(of: writes, window: .seconds(5)))
  }

  private func completions(_ days: ClosedRange<Int>) throws -> [Delivery] { try days.map { try part($0, [.done(at: at)]) } }

  @Test("completions with what travels along with them, each session once, in the order of acceptance")
  func joined() throws {
    let parts = [try part(2, [.done(at: at), .rating(.hard)]), try part(1, [.done(at: at)])]
    let bulk = try #require(Delivery(bulkOf: parts, program: program))
    #expect(bulk.sessions.map(\.day) == [2, 1])
    #expect(bulk.company == .bulk(sessions: 2))
    #expect(bulk.writes.map(\.sequence) == [980, 981, 990])
    #expect(bulk.call.path == "/api/progress/p1/bulk-sync")
  }

  @Test("the same writes are the same request, in whatever order they have become due")
  func repeatable() throws {
    let parts = try completions(1...5)
    let bulk = try #require(Delivery(bulkOf: parts, program: program))
    #expect(Delivery(bulkOf: parts.reversed(), program: program) == bulk)
    #expect(Delivery(bulkOf: Array(parts.dropFirst()), program: program)?.idempotencyKey != bulk.idempotencyKey)
  }

  @Test("never anything else: what is undone, rated, planned or logged alone stays out")
  func completionsOnly() throws {
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("squat")]))
    let others: [WriteValue] = [.undone, .rating(.easy), .scheduled(.instant(at)), .exercise(log)]
    let parts = try others.enumerated().map { try part($0.offset + 10, [$0.element]) }
    #expect(parts.allSatisfy { !$0.isBulkable })
    #expect(Delivery(bulkOf: parts, program: program) == nil)
    let bulk = Delivery(bulkOf: parts + (try completions(1...2)), program: program)
    #expect(bulk?.sessions.map(\.day) == [2, 1])
  }

  @Test("fifty sessions at most, and one alone is no bulk")
  func bounds() throws {
    #expect(Delivery(bulkOf: try completions(1...60), program: program)?.sessions.count == 50)
    #expect(Delivery(bulkOf: try completions(1...1), program: program) == nil)
  }

  @Test("no larger than any of its members may bear", arguments: [(2, 2), (3, 3), (4, 4)])
  func companyLimits(limit: Int, size: Int) throws {
    let parts = [try part(1, [.done(at: at)], companyLimit: limit)] + (try completions(2...20))
    #expect(Delivery(bulkOf: parts, program: program)?.sessions.count == size)
    #expect(try part(1, [.done(at: at)], companyLimit: 1).isBulkable == false)
    let late = try completions(1...5) + [part(6, [.done(at: at)], companyLimit: limit)]
    #expect(Delivery(bulkOf: late, program: program)?.sessions.map(\.day) == [5, 4, 3, 2, 1])
  }
}
