import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The engine and a backlog")
struct BacklogTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
    machine.turn(TurnInput())
  }

  /// Lets the API answer once, as it has before almost any backlog: nothing is known of it at the start.
  private func greet() throws {
    try drop(999...999, program: "p9")
    machine.pass(.seconds(1))
    machine.forget()
  }

  /// One file with an action for each day.
  private func drop(_ days: ClosedRange<Int>, _ name: String = "complete", program: String = "p1") throws {
    try machine.drop("[" + days.map { action(name, day: $0, program: program) }.joined(separator: ",") + "]")
  }

  @Test("sends many completions of a program together, none of them twice, and few singly")
  func bulk() throws {
    try drop(1...8)
    machine.pass(.seconds(1))
    #expect(machine.deliveries.map(\.company) == Array(repeating: .none, count: 8))
    try drop(101...320)
    machine.pass(.seconds(1))
    #expect(machine.calls.count == 228)
    #expect(Set(machine.calls.map(\.session)).count == 228)
    #expect(machine.deliveries.dropFirst(8).count <= 5)
    #expect(try machine.counts.pending == 0)
  }

  @Test("sends nothing but completions together, with their own ratings and dates")
  func onlyCompletions() throws {
    try greet()
    for day in 1...20 { try machine.drop(action("complete", "\"intensity_rating\":\"hard\",\"scheduled_date\":\"2026-01-28\"", day: day)) }
    try drop(21...40, "uncomplete")
    try machine.drop("[" + (41...60).map { action("intensity", "\"intensity_rating\":\"easy\"", day: $0) }.joined(separator: ",") + "]")
    machine.pass(.seconds(2))
    let bulks = machine.deliveries.filter { $0.sessions.count > 1 }
    #expect(!bulks.isEmpty)
    for update in bulks.flatMap(\.call.updates) {
      guard case .complete(_, .hard, .some) = update.change else {
        Issue.record("\(update)")
        return
      }
    }
    #expect(try machine.counts.pending == 0)
  }

  @Test("splits a refused bulk in halves until the bad ones stand alone", arguments: [[7], [1, 50], [3, 4, 5], Array(1...50)])
  func halves(bad: [Int]) throws {
    try greet()
    try drop(1...50)
    machine.pass(.seconds(1)) { bad.contains($0.session.day) ? .rejected(status: 422, reason: "day \($0.session.day)") : .delivered }
    let refused = machine.events.compactMap { event -> Int? in
      if case .rejected(let entry, 422, _) = event { entry.key.session.day } else { nil }
    }
    #expect(refused.sorted() == bad)
    #expect(try machine.counts.failed == bad.count && machine.counts.pending == 0)
    let sizes = machine.deliveries.map(\.sessions.count)
    #expect(sizes.first == 50)
    // Halves of eight and fewer fit into the lanes and go singly; many bad ones cost no more than twice as many requests as there are writes.
    #expect(sizes.count <= (bad.count == 1 ? 20 : 100), "\(sizes)")
  }

  @Test("sends singly what an API without bulk-sync gets, and asks only once")
  func withoutBulkSync() throws {
    try greet()
    try drop(1...50)
    machine.passRequests(.seconds(1)) { delivery in
      delivery.sessions.count > 1 ? .unsupported(reason: "the API has no bulk-sync") : .delivered
    }
    try drop(101...150)
    machine.passRequests(.seconds(1)) { delivery in
      delivery.sessions.count > 1 ? .unsupported(reason: "the API has no bulk-sync") : .delivered
    }
    #expect(machine.deliveries.count { $0.sessions.count > 1 } == 1)
    #expect(try machine.counts.pending == 0)
  }

  @Test("lets each program have its turn, however much another one has waiting")
  func fairness() throws {
    for day in 1...400 { try machine.drop(action("uncomplete", day: day), ringing: false) }
    machine.turn(TurnInput(spoolRang: true))
    machine.pass(.seconds(30)) { _ in nil }
    for program in ["p2", "p3"] { try drop(1...10, "uncomplete", program: program) }
    machine.pass(.milliseconds(600)) { _ in nil }
    let before = machine.deliveries.count
    for _ in 0..<60 { machine.answer(try #require(machine.underWay.first), .delivered) }
    let programs = machine.deliveries.dropFirst(before).flatMap(\.sessions).map(\.program.text)
    #expect(programs.count { $0 == "p2" } == 10 && programs.count { $0 == "p3" } == 10, "\(programs)")
  }

  @Test("does not starve what is fresh by a backlog of the same program")
  func freshness() throws {
    for day in 1...400 { try machine.drop(action("uncomplete", day: day), ringing: false) }
    machine.turn(TurnInput(spoolRang: true))
    machine.pass(.seconds(30)) { _ in nil }
    try drop(501...501, "uncomplete")
    machine.pass(.milliseconds(600)) { _ in nil }
    let before = machine.deliveries.count
    for _ in 0..<3 { machine.answer(try #require(machine.underWay.first), .delivered) }
    #expect(machine.deliveries.dropFirst(before).flatMap(\.sessions).contains { $0.day == 501 })
  }

  @Test("returns from an outage with one request, then two, then four, in due order")
  func slowStart() throws {
    for day in 1...40 { try machine.drop(action("uncomplete", day: day)) }
    machine.pass(.seconds(60)) { _ in .unreachable(reason: "refused") }
    for _ in 1...30 where machine.underWay.isEmpty { machine.pass(.seconds(1)) { _ in nil } }
    var atOnce: [Int] = []
    while !machine.underWay.isEmpty {
      atOnce.append(machine.underWay.count)
      for delivery in machine.underWay { machine.answer(delivery, .delivered) }
    }
    #expect(atOnce.prefix(4) == [1, 2, 4, 8])
    #expect(atOnce.allSatisfy { $0 <= 8 })
    #expect(try machine.counts.pending == 0)
  }

  @Test("does not call before Retry-After is over though it is killed and started, nor for a ring; a flush does")
  func pauseOutlivesRestart() throws {
    try drop(1...3)
    machine.pass(.seconds(1)) { _ in .throttled(status: 429, reason: "429", retryAfter: .seconds(600)) }
    let before = machine.deliveries.count
    try machine.killAndStart()
    machine.pass(.seconds(300))
    machine.ringEndpoint()
    machine.pass(.seconds(290))
    #expect(machine.deliveries.count == before)
    #expect(try machine.counts.waiting == 3)
    let other = try Workstation()
    other.turn(TurnInput())
    try other.drop(action("complete"))
    other.pass(.seconds(1)) { _ in .throttled(status: 429, reason: "429", retryAfter: .seconds(600)) }
    other.flush()
    #expect(other.underWay.count == 1)
    machine.pass(.seconds(20))
    #expect(try machine.counts.pending == 0)
  }

  @Test("flushes: debounce and backoff are skipped")
  func flush() throws {
    try machine.drop(action("complete", day: 1))
    machine.pass(.seconds(600)) { _ in .deferred(status: 500, reason: "500") }
    try machine.drop(action("complete", day: 2))
    #expect(machine.underWay.isEmpty)
    let before = machine.calls.count
    machine.flush()
    machine.pass(.milliseconds(1))
    #expect(Set(machine.calls.dropFirst(before).map(\.session.day)) == [1, 2])
  }

  @Test("is no storm upon an API that answers 500 to everything, and delivers what is new within seconds once it does not")
  func failingAPI() throws {
    for day in 1...200 { try machine.drop(action("uncomplete", day: day), ringing: false) }
    machine.turn(TurnInput(spoolRang: true))
    machine.pass(.seconds(600)) { _ in .deferred(status: 500, reason: "500") }
    #expect(machine.deliveries.count < 300, "one a second for what is new, few for the rest")
    try machine.drop(action("complete", day: 300))
    machine.pass(.seconds(3)) { $0.session.day == 300 ? .delivered : .deferred(status: 500, reason: "500") }
    #expect(machine.calls.last { $0.session.day == 300 } != nil)
    machine.pass(.seconds(1200))
    #expect(try machine.counts.pending == 0)
  }

  @Test("lets fifty writes that the API cannot take cost the others nothing but seconds")
  func manyBad() throws {
    for day in 1...50 { try machine.drop(action("uncomplete", day: day)) }
    for day in 51...60 { try machine.drop(action("uncomplete", day: day)) }
    machine.pass(.seconds(75)) { $0.session.day <= 50 ? .deferred(status: 500, reason: "500") : .delivered }
    #expect(try machine.counts.pending == 50)
    for day in 61...70 {
      try machine.drop(action("uncomplete", day: day))
      machine.pass(.seconds(3)) { $0.session.day <= 50 ? .deferred(status: 500, reason: "500") : .delivered }
      #expect(try machine.counts.pending == 50, "after day \(day)")
    }
  }

  /// Answers what is under way, one request every ten milliseconds.
  private func answerSlowly(_ requests: Int, _ api: (Delivery) -> DeliveryOutcome) {
    for _ in 0..<requests {
      machine.pass(.milliseconds(10)) { _ in nil }
      guard let next = machine.underWay.first else { continue }
      machine.answer(next, api(next))
    }
  }

  @Test("tries writes singly as soon as a bulk has met silence, and no other bulk before one of them is answered")
  func silentBulks() throws {
    try greet()
    for from in [1, 501] { try drop(from...(from + 499)) }
    try drop(1...500, program: "p2")
    machine.pass(.milliseconds(600)) { _ in nil }
    answerSlowly(100) { _ in .unreachable(reason: "refused") }
    let bulks = machine.deliveries.count { $0.sessions.count > 1 }
    #expect(bulks <= 8, "as many as there were lanes when it fell silent")
    #expect(machine.deliveries.count <= 20)
    machine.pass(.seconds(60)) { _ in .unreachable(reason: "refused") }
    let before = machine.deliveries.count
    machine.pass(.seconds(20))
    #expect(try machine.counts.pending == 0)
    #expect(machine.deliveries.dropFirst(before).contains { $0.sessions.count > 40 })
  }

  @Test("begins with one request after a flush, too, when there was trouble before")
  func flushIntoTrouble() throws {
    try drop(1...40, "uncomplete")
    machine.pass(.seconds(60)) { _ in .unreachable(reason: "refused") }
    machine.pass(.milliseconds(1)) { _ in .unreachable(reason: "refused") }
    machine.flush()
    #expect(machine.underWay.count == 1)
  }

  @Test("keeps a pause that is asked for at the moment of a flush over a restart")
  func pauseAtFlush() throws {
    try machine.drop(action("complete", day: 1))
    machine.pass(.milliseconds(600)) { _ in nil }
    let delivery = try #require(machine.underWay.first)
    machine.underWay = []
    machine.turn(TurnInput(answers: [Answer(delivery, .throttled(status: 429, reason: "429", retryAfter: .seconds(600)))], isFlush: true))
    #expect(machine.underWay.isEmpty)
    try machine.killAndStart()
    #expect(machine.underWay.isEmpty)
  }

  @Test("comes back slowly from a pause though what was under way when it began was delivered")
  func windowInPause() throws {
    try drop(1...40, "uncomplete")
    machine.pass(.milliseconds(600)) { _ in nil }
    let lanes = machine.underWay
    machine.answer(lanes[0], .throttled(status: 429, reason: "429", retryAfter: .seconds(60)))
    for delivery in lanes.dropFirst() { machine.answer(delivery, .delivered) }
    machine.pass(.seconds(61)) { _ in nil }
    #expect(machine.underWay.count == 1)
  }

  @Test("sends many together, too, where there are more lanes than one request takes sessions")
  func manyLanes() throws {
    try greet()
    var settings = Workstation.settings
    settings.maximumConcurrentRequests = 64
    machine.apply(settings)
    try drop(1...200)
    machine.pass(.seconds(1))
    #expect(machine.deliveries.map(\.sessions.count).prefix(2) == [50, 50])
    #expect(try machine.counts.pending == 0)
  }
}
