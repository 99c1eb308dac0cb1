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

  @Test(
    "that says whose token is not accepted, as far as it can name them",
    arguments: [
      ([(.common, "bad")], "; held: the API does not accept us (401: bad)"),
      ([(.common, nil), (.user(4_000_000_001), nil)], ""),
      ([(.user(4_000_000_001), "bad")], "; held: what uid 4000000001 dropped (401: bad)"),
      (
        [(.common, "bad"), (.user(4_000_000_001), "bad"), (.user(4_000_000_002), nil), (.user(4_000_000_003), "bad")],
        "; held: the API does not accept us (401: bad); held: what uid 4000000001, uid 4000000003 dropped, see progressctl status"
      ),
      (
        (1...5).map { (.user(4_000_000_000 + $0), "bad") },
        "; held: what uid 4000000001, uid 4000000002, uid 4000000003, 2 more dropped, see progressctl status"
      ),
    ] as [([(Account, String?)], String)])
  func held(accounts: [(Account, String?)], words: String) {
    let accounts = accounts.map { account, reason in
      AccountStatus(account, hold: reason.map { Hold(since: Self.now, cause: .refused(status: 401), reason: $0) })
    }
    let status = EngineStatus(counts: QueueCounts(), endpoint: .reachable, accounts: accounts)
    #expect(status.sentence(now: Self.now) == "0 waiting, 0 retrying, 0 failed" + words)
  }
}
