import ControlClient
import ControlProtocol
import Foundation
import ProgressModel
import Spool
import SyncStore
import Synchronization
import SystemPackage
import Testing

@testable import progressctl

@Suite("Waiting for acceptance without a daemon that answers")
struct ActionWaitTests {
  private let workstation: Workstation
  private let id: ActionID
  private let file: SpoolName

  init() throws {
    workstation = try Workstation()
    id = try #require(ActionID("a1"))
    file = try SpoolWriter(incoming: FilePath(workstation.incoming.path)).drop(Array("{}".utf8))
  }

  private func outcome(clock: SteppingClock, goal: WaitGoal = .accepted, keys: [WriteKey] = []) async throws -> ActionWait.Outcome {
    try await SocketClient.with(path: workstation.socketPath) { socket in
      let client = ControlClient(socket: socket, files: workstation.files)
      let wait = ActionWait(
        client: client, id: id, keys: keys, goal: goal, rejected: workstation.rejected, file: file, timeout: .seconds(10))
      return try await wait.outcome(clock: clock)
    }
  }

  @Test("what is in already is seen without a pause")
  func already() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: id))
    #expect(try await outcome(clock: SteppingClock { _ in Issue.record("it slept") }) == .reached)
  }

  @Test("an acceptance is seen at the next look, also when the daemon makes its queue only then", arguments: [1, 2, 9])
  func later(looks: Int) async throws {
    let clock = SteppingClock { [workstation, id] sleeps in
      guard sleeps == looks else { return }
      try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: id))
    }
    #expect(try await outcome(clock: clock) == .reached)
    #expect(clock.sleeps == looks)
  }

  @Test("another's action of the same id is not this one")
  func another() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: id), sender: geteuid() + 1)
    #expect(try await outcome(clock: SteppingClock { _ in }) == unknown)
  }

  @Test("a rejection is told with the daemon's reason, and never before it is complete")
  func rejected() async throws {
    let clock = SteppingClock { [workstation] sleeps in
      guard sleeps == 3 else { return }
      let reader = try workstation.openReader()
      try reader.scan(now: start)
      let claim = try #require(try reader.claim(atMost: 1, now: start).files.first?.claim)
      try reader.reject([Refusal(claim: claim, reason: "action: is missing")], now: start)
    }
    #expect(try await outcome(clock: clock) == .rejected(reason: "action: is missing"))
    #expect(clock.sleeps == 3)
  }

  @Test("a reason whose file has not been moved yet is not a rejection")
  func unfinishedRejection() async throws {
    try Data("half a rea".utf8).write(to: URL(filePath: workstation.rejected.appending("\(file).reason").string))
    #expect(try await outcome(clock: SteppingClock { _ in }) == unknown)
  }

  @Test("what the API has is known without a daemon too, by the queue that holds nothing of it any more")
  func delivered() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: id))
    let gone = WriteKey(session: try session(), field: .intensity)
    #expect(try await outcome(clock: SteppingClock { _ in Issue.record("it slept") }, goal: .synced, keys: [gone]) == .reached)
  }

  @Test("what waits in the queue of a daemon that does not run is waited for")
  func synced() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: id))
    #expect(try await outcome(clock: SteppingClock { _ in }, goal: .synced) == .timedOut(ActionReport(state: .accepted)))
  }

  private let unknown = ActionWait.Outcome.timedOut(ActionReport(state: .unknown))

  @Test("the wait ends at its time, after a last look")
  func timeout() async throws {
    let clock = SteppingClock { _ in }
    #expect(try await outcome(clock: clock) == unknown)
    #expect(clock.elapsed == .seconds(10))
  }
}

/// A clock on which time passes only by sleeping, at once; after each sleep something may happen.
private final class SteppingClock: Clock {
  private let start = ContinuousClock.now
  private let passed = Mutex((sleeps: 0, time: Duration.zero))
  private let afterSleep: @Sendable (_ sleeps: Int) throws -> Void

  init(afterSleep: @escaping @Sendable (_ sleeps: Int) throws -> Void) {
    self.afterSleep = afterSleep
  }

  var sleeps: Int { passed.withLock { $0.sleeps } }
  var elapsed: Duration { passed.withLock { $0.time } }
  var now: ContinuousClock.Instant { start + elapsed }
  var minimumResolution: Duration { .nanoseconds(1) }

  func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
    let sleeps = passed.withLock { passed in
      passed = (passed.sleeps + 1, deadline - start)
      return passed.sleeps
    }
    try afterSleep(sleeps)
  }
}
