import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The engine does what people ask for")
struct CommandTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
    machine.turn(TurnInput())
  }

  /// Asks, and turns until there is an answer.
  private func ask(_ deed: EngineCommand.Deed, sender: UInt32? = nil) throws -> CommandResult.Outcome {
    machine.turn(TurnInput(commands: [EngineCommand(id: 1, deed, caller: sender ?? 0, sender: sender)]))
    for _ in 1...100 where machine.results.isEmpty { machine.turn(TurnInput()) }
    let result = try #require(machine.takeResult())
    return result.outcome
  }

  private func refuse(_ call: SessionUpdate) -> DeliveryOutcome { .rejected(status: 422, reason: "no") }

  @Test("retries at once what was refused, under another idempotency key")
  func retry() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(1), api: refuse)
    #expect(try machine.counts.failed == 1)
    let first = try #require(machine.deliveries.last).idempotencyKey
    let outcome = try ask(.retry(EntrySelection(keys: ["complete-p1-1-3", "complete-p1-1-4"])))
    #expect(outcome == .done(changed: 1, missing: ["complete-p1-1-4"]))
    #expect(machine.underWay.map(\.idempotencyKey) == [first + "~1"])
    machine.pass(.seconds(1))
    #expect(try machine.counts.failed == 0 && machine.counts.pending == 0)
    #expect(machine.events.contains(.retriedByHand(count: 1, by: 0)))
  }

  @Test("retries what waits out an outage under the same idempotency key, and wakes the endpoint")
  func retryInAnOutage() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(3_600)) { _ in .unreachable(reason: "refused") }
    let first = try #require(machine.deliveries.last).idempotencyKey
    #expect(try ask(.retry(EntrySelection(all: true))) == .done(changed: 1))
    #expect(machine.underWay.map(\.idempotencyKey) == [first])
  }

  @Test("sends nothing that was discarded, and settles the answer to what was under way")
  func discard() throws {
    try machine.drop(action("complete", day: 1))
    machine.pass(.milliseconds(600)) { _ in nil }
    try machine.drop(action("complete", day: 2))
    let entries = try machine.entries()
    #expect(try ask(.discard(EntrySelection(sequences: entries.map(\.sequence)))) == .done(changed: 2))
    machine.answer(try #require(machine.underWay.first), .deferred(status: 503, reason: "503"))
    machine.pass(.seconds(3_600))
    #expect(machine.calls.map(\.session.day) == [1])
    #expect(try machine.counts.pending == 0)
    let discarded = machine.events.compactMap { if case .discarded(let entry, by: 0) = $0 { entry.key.session.day } else { nil } }
    #expect(discarded == [1, 2])
  }

  @Test("clears everything, what lies in the spool and what is to be retried included, and begins anew after it")
  func clear() throws {
    try machine.drop(action("complete", day: 1))
    machine.pass(.seconds(2)) { _ in .deferred(status: 500, reason: "500") }
    // More than a batch, and no ring for any of it.
    for number in 1...700 { try machine.drop(action("uncomplete", week: 2, day: number), ringing: false) }
    #expect(try ask(.discard(EntrySelection(all: true))) == .done(changed: 701))
    #expect(machine.events.contains(.cleared(count: 701, sender: nil, by: 0)))
    let before = machine.calls.count
    try machine.drop(action("complete", day: 9))
    machine.pass(.seconds(3_600))
    #expect(machine.calls.dropFirst(before).map(\.session.day) == [9])
    #expect(try machine.files(in: "incoming").isEmpty && machine.files(in: "claimed").isEmpty)
  }

  @Test("says that it begins to clear when that takes several steps, so that one that is cut short is known of")
  func clearInSteps() throws {
    for week in 1...41 {
      let actions = (1...500).map { action("uncomplete", week: week, day: $0) }
      try machine.drop("[\(actions.joined(separator: ","))]")
    }
    #expect(try ask(.discard(EntrySelection(all: true))) == .done(changed: 20_500))
    let told = machine.events.filter { [.clearing(sender: nil, by: 0), .cleared(count: 20_500, sender: nil, by: 0)].contains($0) }
    #expect(told == [.clearing(sender: nil, by: 0), .cleared(count: 20_500, sender: nil, by: 0)])
  }

  @Test("clears the queue though the spool cannot be read, and says so")
  func clearWithoutSpool() throws {
    try machine.drop(action("complete"))
    try machine.breakSpool()
    guard case .done(1, [], let remark?) = try ask(.discard(EntrySelection(all: true))) else {
      Issue.record("no remark")
      return
    }
    #expect(remark.hasPrefix("what lies in the spool could not be taken in"))
    #expect(try machine.counts.pending == 0)
  }

  @Test("starts nothing while it is paused, accepts and settles, and goes on when the time has come")
  func suspend() throws {
    try machine.drop(action("complete", day: 1))
    machine.pass(.milliseconds(600)) { _ in nil }
    #expect(try ask(.suspend(for: .seconds(600))) == .done(changed: 0))
    machine.answer(try #require(machine.underWay.first), .delivered)
    try machine.drop(action("complete", day: 2))
    machine.pass(.seconds(599))
    #expect(machine.calls.count == 1)
    #expect(try machine.counts.waiting == 1)
    #expect(try machine.status.suspension?.by == 0)
    machine.pass(.seconds(2))
    #expect(machine.calls.map(\.session.day) == [1, 2])
    #expect(machine.events.contains(.resumed(by: nil)))
    #expect(try machine.status.suspension == nil)
  }

  @Test("stays paused over a restart until somebody resumes, and needs no turn for it")
  func endless() throws {
    #expect(try ask(.suspend(for: nil)) == .done(changed: 0))
    try machine.drop(action("complete"))
    try machine.killAndStart()
    machine.pass(.seconds(86_400))
    #expect(machine.calls.isEmpty)
    #expect(try ask(.resume) == .done(changed: 0))
    #expect(machine.calls.count == 1)
    #expect(machine.events.contains(.resumed(by: 0)))
    #expect(try ask(.resume) == .done(changed: 0, remark: "nothing was paused"))
  }

  @Test("is not paused for longer because the clock was set back", arguments: [false, true])
  func suspendedClock(isRestarted: Bool) throws {
    _ = try ask(.suspend(for: .seconds(600)))
    try machine.drop(action("complete"))
    machine.pass(.seconds(300))
    machine.setClock(by: .seconds(-86_400))
    machine.turn(TurnInput())
    if isRestarted { try machine.killAndStart() }
    machine.pass(.seconds(isRestarted ? 601 : 361))
    #expect(machine.calls.count == 1)
  }

  @Test("flushes a user's own entries without breaking the API's pause, and everybody's with it")
  func flush() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(1)) { _ in .throttled(status: 429, reason: "busy", retryAfter: .seconds(600)) }
    let owner = try #require(machine.entries().first).sender
    machine.forget()
    #expect(try ask(.flush, sender: owner) == .done(changed: 1))
    #expect(machine.calls.isEmpty)
    #expect(try ask(.flush) == .done(changed: 1))
    #expect(machine.calls.count == 1)
  }

  @Test("refuses to flush while it is paused")
  func flushSuspended() throws {
    _ = try ask(.suspend(for: nil))
    try machine.drop(action("complete"))
    for sender in [nil, 1000 as UInt32?] {
      #expect(try ask(.flush, sender: sender) == .refused(reason: "sending is paused; resume it first"))
    }
    #expect(machine.calls.isEmpty)
  }

  @Test("says since when the endpoint is in its state, and what is under way")
  func status() throws {
    #expect(try machine.status.endpointSince == nil)
    try machine.drop(action("complete"))
    machine.pass(.milliseconds(600)) { _ in nil }
    #expect(try machine.status.inFlight == 1)
    machine.answer(try #require(machine.underWay.first), .delivered)
    let since = machine.now
    #expect(try machine.status.endpointSince == since)
    try machine.drop(action("uncomplete"))
    machine.pass(.seconds(10))
    #expect(try machine.status.endpointSince == since)
    machine.noteOtherEndpoint()
    #expect(try machine.status.endpointSince == nil)
    try machine.drop(action("uncomplete"))
    machine.pass(.seconds(10)) { _ in .unreachable(reason: "refused") }
    let silentSince = try #require(try machine.status.endpointSince)
    #expect(silentSince > since)
    machine.ringEndpoint()
    #expect(try machine.status.endpointSince == nil)
  }

  @Test("takes one step of what was asked in a turn, so that nobody's commands make it long")
  func steps() throws {
    let asked = (1...3).map { EngineCommand(id: $0, .retry(EntrySelection(all: true)), caller: 0, sender: nil) }
    machine.turn(TurnInput(commands: asked))
    #expect(machine.results.map(\.id) == [1])
    #expect(machine.wakeAt == machine.now)
    machine.turn(TurnInput())
    machine.turn(TurnInput())
    #expect(machine.results.map(\.id) == [1, 2, 3])
  }

  @Test("goes on sending while a user discards; an administrator who discards everything holds it back, for a minute at most")
  func holding() throws {
    func clear(_ sender: UInt32?) -> EngineCommand { EngineCommand(id: 1, .discard(EntrySelection(all: true)), caller: 0, sender: sender) }
    try machine.drop(action("complete"))
    machine.pass(.milliseconds(490)) { _ in nil }
    machine.advance(.milliseconds(20))
    machine.turn(TurnInput(commands: [clear(4_711)]))
    #expect(machine.underWay.count == 1, "nothing of that user's is here")
    try machine.drop(action("complete", day: 2))
    // More than a batch, so that it takes long to see the spool's end.
    for number in 1...600 { try machine.drop(action("uncomplete", week: 2, day: number), ringing: false) }
    machine.advance(.milliseconds(600))
    machine.turn(TurnInput(commands: [clear(nil)]))
    #expect(machine.underWay.count == 1)
    machine.advance(.seconds(60))
    machine.turn(TurnInput())
    machine.pass(.seconds(1)) { _ in nil }
    #expect(machine.underWay.count > 1)
  }

  @Test("does what others ask while a clearing waits for the spool, and clears what has come in when that takes too long")
  func waiting() throws {
    for number in 1...1_200 { try machine.drop(action("uncomplete", week: 2, day: number), ringing: false) }
    let clear = EngineCommand(id: 1, .discard(EntrySelection(all: true)), caller: 0, sender: nil)
    machine.turn(TurnInput(commands: [clear, EngineCommand(id: 2, .suspend(for: nil), caller: 0, sender: nil)]))
    #expect(machine.takeResult() == CommandResult(id: 2, .done(changed: 0)))
    #expect(machine.takeResult() == nil)
    machine.advance(.seconds(46))
    machine.turn(TurnInput())
    let result = try #require(machine.takeResult())
    guard case .done(500, [], let remark?) = result.outcome else {
      Issue.record("\(result)")
      return
    }
    #expect(remark.contains("clear again"))
  }

  @Test("sends nothing of what was discarded after the answer, though sending goes on meanwhile", arguments: [true, false])
  func nothingAfterTheAnswer(isAdministrator: Bool) throws {
    let owner = isAdministrator ? nil : machine.owner
    for day in 1...30 { try machine.drop(action("complete", day: day)) }
    machine.advance(.milliseconds(501))
    #expect(try ask(.discard(EntrySelection(all: true)), sender: owner) != .done(changed: 0))
    let before = machine.calls.count
    machine.pass(.seconds(3_600)) { _ in .deferred(status: 503, reason: "503") }
    #expect(machine.calls.count == before)
    #expect(try machine.counts.pending == 0)
  }

  @Test("has the API tried for what has changed only, and for a user once a second")
  func storms() throws {
    try machine.drop(action("complete"))
    machine.pass(.seconds(1)) { _ in .unreachable(reason: "refused") }
    let owner = machine.owner
    machine.pass(.seconds(7_200)) { _ in .unreachable(reason: "refused") }
    machine.forget()
    #expect(try ask(.retry(EntrySelection(all: true)), sender: 4_711) == .done(changed: 0))
    #expect(try ask(.retry(EntrySelection(keys: ["complete-p9-9-9"]))) == .done(changed: 0, missing: ["complete-p9-9-9"]))
    #expect(machine.calls.isEmpty)
    for _ in 1...30 {
      #expect(try ask(.retry(EntrySelection(all: true)), sender: owner) == .done(changed: 1))
      machine.pass(.milliseconds(100)) { _ in .unreachable(reason: "refused") }
    }
    machine.pass(.milliseconds(999)) { _ in .unreachable(reason: "refused") }
    #expect((3...5).contains(machine.calls.count), "\(machine.calls.count)")
  }

  @Test("sends again when its pause is over, though the disk refuses to forget it, and forgets it then")
  func endOnAFailingDisk() throws {
    _ = try ask(.suspend(for: .seconds(600)))
    try machine.drop(action("complete"))
    machine.pass(.seconds(599))
    try machine.lockQueue()
    machine.advance(.seconds(2))
    machine.turn(TurnInput())
    #expect(machine.calls.count == 1)
    machine.turn(TurnInput())
    #expect(try machine.status.storageTrouble != nil)
    try machine.unlockQueue()
    machine.pass(.seconds(10))
    #expect(try machine.status.storageTrouble == nil)
    try machine.killAndStart()
    #expect(try machine.status.suspension == nil)
    #expect(machine.events.filter { $0 == .resumed(by: nil) }.count == 1)
  }

  @Test("knows of an action that it was discarded for as long as it knows the action")
  func memory() throws {
    try machine.drop(action("uncomplete", #""id":"a1""#))
    _ = try ask(.discard(EntrySelection(all: true)))
    machine.advance(.seconds(89 * 86_400))
    machine.turn(TurnInput())
    #expect(try machine.state(of: "a1", keys: ["complete-p1-1-3"]) == .discarded(by: 0))
    machine.advance(.seconds(2 * 86_400))
    machine.turn(TurnInput())
    #expect(try machine.state(of: "a1", keys: ["complete-p1-1-3"]) == .unknown)
  }

  @Test("answers what it has not done when it ends")
  func stopping() throws {
    let clear = EngineCommand(id: 7, .discard(EntrySelection(all: true)), caller: 0, sender: nil)
    machine.turn(TurnInput(commands: [clear], isStopping: true))
    #expect(machine.takeResult() == CommandResult(id: 7, .failed(reason: "the daemon is ending", changed: 0)))
  }
}
