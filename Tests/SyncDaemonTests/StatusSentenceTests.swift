import ProgressModel
@testable import SyncDaemon
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The status is one sentence")
struct StatusSentenceTests {
  private static let now = Timestamp(milliseconds: 1_000_000)
  private static let outage = EndpointHealth.State.unreachable(
    since: now - .seconds(60), failures: 3, probeAt: now + .seconds(5), reason: "refused")

  @Test(
    "that says who has paused, for how long, and what is wrong besides",
    arguments: [
      (nil, EndpointHealth.State.reachable, ""),
      (Suspension(since: now, length: .seconds(7_200), by: 1_000), .reachable, "; paused by user 1000 for 2 h more"),
      (
        Suspension(since: now, length: nil, by: 0), outage,
        "; paused by user 0; no answer from the API for 60 s (refused), next try in 5 s"
      ),
    ])
  func paused(suspension: Suspension?, endpoint: EndpointHealth.State, words: String) {
    let status = EngineStatus(counts: QueueCounts(), endpoint: endpoint, suspension: suspension)
    #expect(status.sentence(now: Self.now) == "0 waiting, 0 retrying, 0 failed" + words)
  }

  @Test(
    "that says who is at a bound, or how many are",
    arguments: [
      ([], ""),
      ([(7, .files)], "; user 7 is at the bound of 2048 rejected files (limits.files_per_user)"),
      ([(7, .bytes)], "; user 7 is at the bound of 2KiB of values in the queue (limits.bytes_per_user)"),
      ([(7, .files), (8, .keys)], "; 2 users are at their bounds"),
    ] as [([(UInt32, SenderBounds.Bound)], String)])
  func bounds(holds: [(UInt32, SenderBounds.Bound)], words: String) {
    let holds = holds.map { ReachedBound(sender: $0, bound: $1, limit: 2_048, since: Self.now) }
    let status = EngineStatus(counts: QueueCounts(), endpoint: .reachable, reachedBounds: holds)
    #expect(status.sentence(now: Self.now) == "0 waiting, 0 retrying, 0 failed" + words)
  }
}
