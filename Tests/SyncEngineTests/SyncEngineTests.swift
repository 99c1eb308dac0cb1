import Foundation
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The engine")
struct SyncEngineTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
    machine.turn(TurnInput())
  }

  @Test("delivers what was dropped after the debounce, and leaves nothing behind")
  func delivers() throws {
    try machine.drop(action("complete"))
    machine.pass(.milliseconds(499))
    #expect(machine.calls.isEmpty)
    machine.pass(.milliseconds(2))
    #expect(machine.deliveries.map(\.call.path) == ["/api/progress/p1/complete"])
    #expect(try machine.counts.pending == 0)
    #expect(try machine.files(in: "incoming").isEmpty && machine.files(in: "claimed").isEmpty && machine.files(in: "rejected").isEmpty)
    #expect(machine.events.contains { if case .synced(let entry, _, 0) = $0 { entry.key.description == "complete-p1-1-3" } else { false } })
  }

  @Test("makes one request out of ten updates of one key within the debounce")
  func coalesces() throws {
    for step in 0..<10 {
      try machine.drop(action("intensity", "\"intensity_rating\":\"\(step == 9 ? "hard" : "easy")\""))
      machine.pass(.milliseconds(40))
    }
    machine.pass(.seconds(2))
    #expect(machine.calls.map(\.change) == [.intensity(.hard)])
  }

  @Test("ends not completed after complete and uncomplete, wherever the first one is")
  func undo() throws {
    for delay in [0, 300, 499, 500, 501, 700] {
      let day = delay + 1
      try machine.drop(action("complete", day: day))
      machine.pass(.milliseconds(delay)) { _ in nil }
      try machine.drop(action("uncomplete", day: day))
      machine.pass(.milliseconds(200)) { _ in nil }
      machine.pass(.seconds(10))
      let last = machine.calls.last { $0.session.day == day }
      #expect(last?.change == .uncomplete, "after \(delay) ms")
    }
    #expect(try machine.counts.pending == 0)
  }

  @Test("neither loses nor hastens an action that arrives while its key is being sent")
  func whileSending() throws {
    try machine.drop(action("intensity", "\"intensity_rating\":\"easy\""))
    machine.pass(.milliseconds(600)) { _ in nil }
    #expect(machine.underWay.count == 1)
    try machine.drop(action("intensity", "\"intensity_rating\":\"hard\""))
    machine.pass(.milliseconds(100)) { _ in nil }
    machine.answer(try #require(machine.underWay.first), .delivered)
    machine.pass(.milliseconds(390))
    #expect(machine.calls.map(\.change) == [.intensity(.easy)])
    machine.pass(.milliseconds(100))
    #expect(machine.calls.map(\.change) == [.intensity(.easy), .intensity(.hard)])
  }

  @Test("lets no retry overtake a newer value")
  func retryOfOldValue() throws {
    try machine.drop(action("intensity", "\"intensity_rating\":\"easy\""))
    machine.pass(.milliseconds(600)) { _ in nil }
    try machine.drop(action("intensity", "\"intensity_rating\":\"hard\""))
    machine.answer(try #require(machine.underWay.first), .deferred(status: 503, reason: "503"))
    machine.pass(.seconds(60))
    #expect(machine.calls.map(\.change) == [.intensity(.easy), .intensity(.hard)])
  }

  @Test("has one request per session under way, and several sessions at once")
  func lanes() throws {
    for day in 1...12 {
      let exercise = "\"exercise\":{\"exercise_id\":\"squat\"}"
      try machine.drop("[\(action("uncomplete", day: day)),\(action("exercise", exercise, day: day))]")
    }
    machine.pass(.seconds(4)) { _ in nil }
    #expect(machine.underWay.count == 8)
    #expect(Set(machine.underWay.flatMap(\.sessions)).count == 8)
    machine.pass(.seconds(4))
    #expect(machine.calls.count == 24)
  }

  @Test("retries after 1, 5 and 15 seconds, then parks, and never gives up")
  func retries() throws {
    try machine.drop(action("complete"))
    var attempts: [Timestamp] = []
    machine.pass(.seconds(30)) { _ in
      attempts.append(machine.now)
      return .deferred(status: 500, reason: "500: no")
    }
    #expect(zip(attempts.dropFirst(), attempts).map { ($0 - $1).inMilliseconds / 1000 } == [1, 5, 15])
    #expect(try machine.counts.parked == 1)
    let retries = machine.events.compactMap { if case .retrying(_, let attempt, let of) = $0 { "\(attempt)/\(of)" } else { nil } }
    #expect(retries == ["1/3", "2/3", "3/3"])
    #expect(machine.events.filter { if case .parked = $0 { true } else { false } }.count == 1)
    machine.pass(.seconds(80))
    #expect(try machine.counts.pending == 0)
    #expect(machine.events.contains { if case .synced(_, _, 4) = $0 { true } else { false } })
  }

  @Test("probes an API that is away with one request at a time, and delivers everything when it is back")
  func outage() throws {
    for day in 1...50 { try machine.drop(action("complete", day: day)) }
    machine.pass(.seconds(3600)) { _ in .unreachable(reason: "connection refused") }
    let changes = machine.calls.count
    #expect(machine.deliveries.count < 8 + 50 + 62)
    machine.pass(.seconds(75))
    #expect(try machine.counts.pending == 0)
    #expect(machine.calls.count - changes == 50)
  }

  @Test("lets a write that is never answered cost the others next to nothing, and retries it at growing intervals")
  func poison() throws {
    try machine.drop(action("complete", day: 50))
    var attempts: [Timestamp] = []
    func api(_ call: SessionUpdate) -> DeliveryOutcome {
      guard call.session.day == 50 else { return .delivered }
      attempts.append(machine.now)
      return .unreachable(reason: "closed the connection")
    }
    for step in 0..<3600 {
      if step % 10 == 0 { try machine.drop(action("intensity", "\"intensity_rating\":\"hard\"", day: step / 10 % 40 + 1)) }
      machine.pass(.seconds(1), api: api)
    }
    // An hour of growing intervals, not of one attempt a second.
    #expect((5...15).contains(attempts.count))
    #expect(try machine.counts.pending <= 2)
    let outages = machine.events.filter { if case .endpoint(.unreachable) = $0 { true } else { false } }
    #expect(outages.count <= 2)
  }

  @Test("asks for no turn at once while the disk fails, or while it stops")
  func noSpin() throws {
    try machine.drop(action("complete"))
    try machine.breakSpool()
    machine.turn(TurnInput(spoolRang: true))
    #expect(try #require(machine.wakeAt) > machine.now)
    let failures = machine.events.filter { if case .storageFailed = $0 { true } else { false } }
    #expect(failures.count == 1)
    try machine.mendSpool()
    machine.pass(.seconds(10))
    #expect(machine.events.contains(.storageRecovered))
    #expect(machine.calls.count == 1)
    try machine.drop(action("complete"))
    machine.turn(TurnInput(isStopping: true))
    #expect(machine.wakeAt == nil)
  }

  @Test("tries a spool that could not be used again within a second when it rings, and no more often than that")
  func hastened() throws {
    try machine.drop(action("complete"), ringing: false)
    try machine.breakSpool()
    for _ in 1...50 {
      machine.turn(TurnInput(spoolRang: true))
      #expect(try #require(machine.wakeAt) > machine.now)
      machine.advance(.milliseconds(10))
    }
    try machine.mendSpool()
    #expect(try #require(machine.wakeAt) <= machine.now + .milliseconds(500))
    machine.pass(.milliseconds(1_000))
    #expect(machine.events.contains(.storageRecovered))
    #expect(try machine.files(in: "incoming").isEmpty)
  }

  @Test("tries everything at once after a restart that an outage had put off")
  func restartAfterOutage() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(7200)) { _ in .unreachable(reason: "connection refused") }
    try machine.killAndStart()
    machine.pass(.milliseconds(10))
    #expect(try machine.counts.pending == 0)
  }

  @Test("lets the newer value win though its acceptance was interrupted")
  func interruptedAcceptance() throws {
    try machine.drop(action("intensity", "\"intensity_rating\":\"easy\""), ringing: false)
    let recorded = "\"intensity_rating\":\"hard\",\"recorded_at\":\"\(machine.now.rfc3339)\""
    try machine.drop(action("intensity", recorded), ringing: false)
    try machine.claimWithoutAccepting()
    machine.setClock(by: .seconds(86_400))
    try machine.killAndStart()
    machine.pass(.seconds(10))
    #expect(machine.calls.map(\.change) == [.intensity(.hard)])
  }

  @Test("keeps an unreadable row out of the way of the others")
  func unreadableRow() throws {
    try machine.drop(action("complete", day: 1))
    try machine.drop(action("complete", day: 2))
    try machine.damageRow(day: 1)
    machine.pass(.seconds(2))
    #expect(machine.calls.map(\.session.day) == [2])
    #expect(try machine.counts.failed == 1)
    #expect(machine.events.contains { if case .setAside = $0 { true } else { false } })
  }

  @Test("makes everything due at once when somebody says that the world has changed")
  func ring() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(3600)) { _ in .unreachable(reason: "connection refused") }
    machine.ringEndpoint()
    machine.pass(.milliseconds(10))
    #expect(try machine.counts.pending == 0)
  }

  @Test("holds everything when the token is refused, without spending attempts")
  func held() throws {
    for day in 1...20 { try machine.drop(action("complete", day: day)) }
    machine.pass(.seconds(200)) { _ in .unauthorized(status: 401, reason: "expired") }
    #expect(machine.deliveries.count <= 8)
    #expect(try machine.counts.waiting == 20)
    machine.ringEndpoint()
    machine.pass(.seconds(1))
    #expect(try machine.counts.pending == 0)
  }

  @Test("keeps what the API refuses, and tries the parts of a shared request alone first")
  func refused() throws {
    try machine.drop(action("complete", "\"intensity_rating\":\"hard\",\"scheduled_date\":\"2026-01-28\""))
    machine.pass(.seconds(5)) { call in
      switch call.change {
      case .complete(_, nil, nil), .intensity: .delivered
      default: .rejected(status: 422, reason: "body.scheduled_date: bad")
      }
    }
    #expect(machine.calls.count == 4)
    #expect(try machine.counts.failed == 1 && machine.counts.pending == 0)
    let refused = machine.events.compactMap { if case .rejected(let entry, let status, _) = $0 { "\(entry.key) \(status)" } else { nil } }
    #expect(refused == ["schedule-p1-1-3 422"])
    machine.pass(.seconds(86_400))
    #expect(machine.calls.count == 4)
    try machine.drop(action("schedule", "\"scheduled_date\":\"2026-01-29\""))
    machine.pass(.seconds(1))
    #expect(try machine.counts.failed == 0)
  }

  @Test("goes on where it was killed, at every point of a write's life")
  func killed() throws {
    try machine.drop(action("complete"))
    try machine.killAndStart()
    machine.pass(.milliseconds(600)) { _ in nil }
    #expect(machine.underWay.count == 1)
    let first = try #require(machine.underWay.first).idempotencyKey
    try machine.killAndStart()
    #expect(machine.underWay.map(\.idempotencyKey) == [first])
    machine.pass(.seconds(1))
    #expect(try machine.counts.pending == 0)
  }

  @Test("rejects a file with its reason and goes on with the rest")
  func rubbish() throws {
    try machine.drop("{\"action\":\"complete\"", as: "half.json")
    try machine.drop(action("complete", "\"colour\":1"), as: "unknown.json")
    try machine.drop(action("complete"))
    machine.pass(.seconds(2))
    #expect(machine.calls.count == 1)
    #expect(try machine.files(in: "rejected") == ["half.json", "half.json.reason", "unknown.json", "unknown.json.reason"])
    let reason = try String(contentsOf: machine.directory.appending(path: "spool/rejected/unknown.json.reason"), encoding: .utf8)
    #expect(reason.hasPrefix("colour: unknown field"))
  }

  @Test("accepts thousands of files in batches")
  func batches() throws {
    for number in 0..<1_999 {
      let url = machine.directory.appending(path: "spool/incoming/\(number).json")
      try Data(action("uncomplete", week: number / 1000 + 1, day: number % 1000 + 1).utf8).write(to: url)
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: url.path)
    }
    try machine.drop(action("uncomplete", week: 5))
    machine.pass(.seconds(2))
    #expect(machine.calls.count == 2_000)
    #expect(try machine.files(in: "claimed").isEmpty)
  }

  @Test("tries again at once when the clock was set, whichever way, and that has rung", arguments: [-86_400, 86_400])
  func clockSet(seconds: Int) throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(2)) { _ in .unreachable(reason: "refused") }
    machine.setClock(by: .seconds(seconds))
    machine.ringEndpoint()
    machine.pass(.milliseconds(1))
    #expect(try machine.counts.pending == 0)
  }

  @Test("waits no longer because the clock was set back")
  func clockSetBack() throws {
    try machine.drop(action("complete"))
    machine.setClock(by: .seconds(-86_400))
    machine.pass(.seconds(70))
    #expect(try machine.counts.pending == 0)
  }
}
