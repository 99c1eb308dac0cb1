import ProgressModel
import SyncPolicy
import Testing

@Suite("A person's pause")
struct SuspensionTests {
  private let start = Timestamp(milliseconds: 1_000_000)

  @Test(
    "ends when it was to end, and never by itself when nobody said when",
    arguments: [(nil, 1 << 40, false), (60, 59, false), (60, 60, true)])
  func end(length: Int?, seconds: Int, hasEnded: Bool) {
    let suspension = Suspension(since: start, length: length.map { .seconds($0) }, by: 0)
    #expect(suspension.hasEnded(now: start + .seconds(seconds)) == hasEnded)
  }

  /// Seconds after the start: when the last turn was, when the clock shows what, and when it ends then.
  @Test(
    "is not lengthened by a clock that is set back",
    arguments: [(30, 30, 60), (30, 20, 50), (30, -3_600, -3_570), (0, -10, 50), (59, 58, 59)])
  func setBack(lastTurn: Int, now: Int, end: Int) {
    var suspension = Suspension(since: start, length: .seconds(60), by: 0)
    suspension.clamp(now: start + .seconds(now), step: .seconds(lastTurn - now))
    #expect(suspension.until == start + .seconds(end))
    #expect(suspension.since == start + .seconds(min(0, now)))
  }

  @Test("that an earlier life kept is no longer than it was asked for")
  func recalled() {
    var suspension = Suspension(since: start, until: start + .seconds(60), length: .seconds(60), by: 0)
    suspension.clamp(now: start - .seconds(3_600))
    #expect(suspension.until == start - .seconds(3_540))
    var endless = Suspension(since: start, length: nil, by: 0)
    endless.clamp(now: start - .seconds(3_600), step: .seconds(3_600))
    #expect(endless.until == nil)
  }
}

@Suite("The endpoint's next try")
struct NextProbeTests {
  private static let (soon, late) = (Timestamp(milliseconds: 1_000), Timestamp(milliseconds: 2_000))

  @Test(
    "is when anything may be sent to it",
    arguments: [
      (EndpointHealth.State.reachable, nil), (.paused(until: late, reason: ""), late),
      (.failing(since: soon, failures: 1, freshAt: soon, probeAt: late, reason: ""), soon),
      (.unreachable(since: soon, failures: 1, probeAt: late, reason: ""), late),
    ])
  func nextProbe(state: EndpointHealth.State, at instant: Timestamp?) {
    #expect(state.nextProbeAt == instant)
  }
}
