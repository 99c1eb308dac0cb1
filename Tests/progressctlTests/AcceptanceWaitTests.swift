import ControlClient
import Foundation
import ProgressModel
import Spool
import SyncStore
import Synchronization
import SystemPackage
import Testing

@testable import progressctl

@Suite("Waiting for acceptance")
struct AcceptanceWaitTests {
  private let workstation: Workstation
  private let wait: AcceptanceWait

  init() throws {
    workstation = try Workstation()
    let file = try SpoolWriter(incoming: FilePath(workstation.incoming.path)).drop(Array("{}".utf8))
    wait = AcceptanceWait(
      client: ControlClient(queuePath: workstation.queuePath, lockPath: workstation.root.path + "/state/lock", maximumAttempts: 3),
      id: try #require(ActionID("a1")), rejected: workstation.rejected, file: file, timeout: .seconds(10))
  }

  @Test("what is in already is seen without a pause")
  func already() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: wait.id))
    #expect(try await wait.outcome(clock: SteppingClock { _ in Issue.record("it slept") }) == .accepted)
  }

  @Test("an acceptance is seen at the next look, also when the daemon makes its queue only then", arguments: [1, 2, 9])
  func later(looks: Int) async throws {
    let clock = SteppingClock { [workstation, wait] sleeps in
      guard sleeps == looks else { return }
      try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: wait.id))
    }
    #expect(try await wait.outcome(clock: clock) == .accepted)
    #expect(clock.sleeps == looks)
  }

  @Test("another's action of the same id is not this one")
  func another() async throws {
    try workstation.openStore().accept(Action(session: session(), change: .uncomplete, id: wait.id), sender: geteuid() + 1)
    #expect(try await wait.outcome(clock: SteppingClock { _ in }) == .timedOut)
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
    #expect(try await wait.outcome(clock: clock) == .rejected(reason: "action: is missing"))
    #expect(clock.sleeps == 3)
  }

  @Test("a reason whose file has not been moved yet is not a rejection")
  func unfinishedRejection() async throws {
    try Data("half a rea".utf8).write(to: URL(filePath: workstation.rejected.appending("\(wait.file).reason").string))
    #expect(try await wait.outcome(clock: SteppingClock { _ in }) == .timedOut)
  }

  @Test("the wait ends at its time, after a last look")
  func timeout() async throws {
    let clock = SteppingClock { _ in }
    #expect(try await wait.outcome(clock: clock) == .timedOut)
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
