import ProgressModel
import SyncPolicy
import Testing

private let policy = RetryPolicy(
  backoff: [.seconds(1), .seconds(5), .seconds(15)], parkedInitial: .seconds(60), parkedMax: .seconds(900))

@Suite("A write that failed is tried again")
struct RetryPolicyTests {
  @Test("three times after 1, 5 and 15 seconds, exactly", arguments: [(1, 1), (2, 5), (3, 15)])
  func quickRetries(failures: Int, seconds: Int) {
    #expect(policy.state(afterFailures: failures) == .retrying)
    for random in [0, 0.5, 0.999] {
      #expect(policy.wait(afterFailures: failures, random: random) == .seconds(seconds))
    }
  }

  @Test(
    "then parked, at intervals that double up to the longest", arguments: [(4, 60), (5, 120), (6, 240), (7, 480), (8, 900), (1000, 900)])
  func parked(failures: Int, seconds: Int) {
    #expect(policy.state(afterFailures: failures) == .parked)
    #expect(policy.wait(afterFailures: failures, random: 0.5) == .seconds(seconds))
  }

  @Test("parked intervals vary by a fifth at most")
  func jitter() {
    #expect(policy.wait(afterFailures: 4, random: 0) == .seconds(48))
    let longest = policy.wait(afterFailures: 4, random: 0.999_999)
    #expect(longest > .seconds(71.9) && longest <= .seconds(72))
  }
}

@Suite("The fate of a write follows from the outcome")
struct FateTests {
  private let now = Timestamp(milliseconds: 1_000_000)

  private func fate(_ outcome: DeliveryOutcome, failures: Int = 0, isShared: Bool = false) -> Fate {
    policy.fate(of: outcome, failures: failures, isShared: isShared, now: now, random: 0.5)
  }

  @Test("delivered leaves the queue")
  func delivered() {
    #expect(fate(.delivered, failures: 7, isShared: true) == .delivered)
  }

  @Test("deferred waits for the backoff or the server's wish, whichever is later")
  func deferred() {
    let plain = fate(.deferred(status: 503, reason: "503", retryAfter: nil), failures: 1)
    #expect(plain == .retried(at: now + .seconds(5), failures: 2, state: .retrying, isAlone: false, status: 503, reason: "503"))
    let longer = fate(.deferred(status: 429, reason: "429", retryAfter: .seconds(30)), failures: 1)
    #expect(longer == .retried(at: now + .seconds(30), failures: 2, state: .retrying, isAlone: false, status: 429, reason: "429"))
    let shorter = fate(.deferred(status: 429, reason: "429", retryAfter: .seconds(2)), failures: 1)
    #expect(shorter == .retried(at: now + .seconds(5), failures: 2, state: .retrying, isAlone: false, status: 429, reason: "429"))
  }

  @Test("what failed together goes on alone when the server answered, and together when it did not")
  func shared() {
    #expect(
      fate(.deferred(status: 500, reason: "500", retryAfter: nil), isShared: true)
        == .retried(at: now + .seconds(1), failures: 1, state: .retrying, isAlone: true, status: 500, reason: "500"))
    #expect(
      fate(.unreachable(reason: "refused"), isShared: true)
        == .retried(at: now + .seconds(1), failures: 1, state: .retrying, isAlone: false, status: nil, reason: "refused"))
  }

  @Test("a refusal fails a write, but only separates those that shared a request")
  func rejected() {
    #expect(fate(.rejected(status: 422, reason: "no")) == .failed(status: 422, reason: "no"))
    #expect(fate(.rejected(status: 422, reason: "no"), isShared: true) == .separated(reason: "no"))
  }

  @Test("a bad token is not the write's fault")
  func unauthorized() {
    #expect(fate(.unauthorized(status: 401, reason: "no"), failures: 2) == .passedOver(until: now + .seconds(300)))
  }

  @Test("what the server does not know is parked at the longest interval, and never given up")
  func unsupported() {
    #expect(
      fate(.unsupported(reason: "no exercises"))
        == .retried(at: now + .seconds(900), failures: 4, state: .parked, isAlone: true, status: nil, reason: "no exercises"))
    #expect(policy.state(afterFailures: 4) == .parked)
  }
}
