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

  private func queued(_ sequence: Int64, _ value: WriteValue, recorded: Duration = .zero, isAlone: Bool = false) -> QueuedWrite {
    let write = Write(session: session, value: value, recordedAt: at + recorded)
    return QueuedWrite(sequence: sequence, id: "w\(sequence)", write: write, failures: 0, isAlone: isAlone)
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
      #expect(delivery.call.change == .complete(at: at, rating: .hard, scheduled: .instant(at)))
      #expect(delivery.call.recordedAt == at + .seconds(5))
      #expect(delivery.idempotencyKey == "w1.w2.w3")
      #expect(delivery.isShared)
    }
  }

  @Test("what was recorded at another time goes on its own, so that it does not borrow an instant")
  func otherTimes() throws {
    let delivery = try #require(request(for: [queued(1, .done(at: at)), queued(2, .rating(.hard), recorded: .seconds(6))]))
    #expect(delivery.call.change == .complete(at: at, rating: nil, scheduled: nil))
    #expect(delivery.writes.map(\.sequence) == [1])
  }

  @Test("an undone completion, an exercise and what must be alone carry nothing else")
  func alone() throws {
    let rating = queued(2, .rating(.hard))
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("squat")]))
    for (first, change) in [
      (queued(1, .undone), ProgressCall.Change.uncomplete), (queued(1, .exercise(log)), .exercise(log)),
      (queued(1, .done(at: at), isAlone: true), .complete(at: at, rating: nil, scheduled: nil)),
      (queued(1, .rating(.easy), isAlone: true), .intensity(.easy)), (queued(1, .scheduled(.instant(at))), .schedule(.instant(at))),
    ] {
      let delivery = try #require(request(for: [first, rating]))
      #expect(delivery.call.change == change)
      #expect(delivery.writes == [first])
      #expect(delivery.idempotencyKey == "w1")
    }
  }

  @Test("a rating that must be alone is left out of the completion's request")
  func aloneCompanion() throws {
    let delivery = try #require(request(for: [queued(1, .done(at: at)), queued(2, .rating(.hard), isAlone: true)]))
    #expect(delivery.writes.map(\.sequence) == [1])
  }
}
