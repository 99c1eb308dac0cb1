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

  private func fate(_ outcome: DeliveryOutcome, failures: Int = 0, in company: Company = .none) -> Fate {
    policy.fate(of: outcome, failures: failures, in: company, now: now, random: 0.5)
  }

  @Test("delivered leaves the queue")
  func delivered() {
    #expect(fate(.delivered, failures: 7, in: .session) == .delivered)
  }

  @Test("deferred waits for the backoff")
  func deferred() {
    #expect(
      fate(.deferred(status: 503, reason: "503"), failures: 1)
        == .retried(at: now + .seconds(5), failures: 2, state: .retrying, companyLimit: nil, status: 503, reason: "503"))
  }

  @Test("throttled waits as long as the server wishes, at least a second, and counts no attempt", arguments: [(30, 30), (0, 1), (nil, 1)])
  func throttled(wish: Int?, seconds: Int) {
    let outcome = DeliveryOutcome.throttled(status: 429, reason: "429", retryAfter: wish.map { .seconds($0) })
    #expect(fate(outcome, failures: 3) == .passedOver(until: now + .seconds(seconds)))
  }

  @Test("what shared its session's request goes on apart when the server answered, and together when it did not")
  func shared() {
    #expect(
      fate(.deferred(status: 500, reason: "500"), in: .session)
        == .retried(at: now + .seconds(1), failures: 1, state: .retrying, companyLimit: 0, status: 500, reason: "500"))
    #expect(
      fate(.unreachable(reason: "refused"), in: .session)
        == .retried(at: now + .seconds(1), failures: 1, state: .retrying, companyLimit: nil, status: nil, reason: "refused"))
  }

  @Test("what shared its session's request goes on apart when no quick retry got an answer: one of them may be why")
  func silenced() {
    for (failures, limit) in [(2, nil), (3, 0), (100, 0)] as [(Int, Int?)] {
      let fate = fate(.unreachable(reason: "timed out"), failures: failures, in: .session)
      guard case .retried(_, failures + 1, _, limit, nil, "timed out") = fate else {
        Issue.record("\(fate) after \(failures) failures")
        continue
      }
    }
  }

  @Test(
    "a bulk request that got no success costs nobody an attempt: all go singly at once",
    arguments: [DeliveryOutcome.deferred(status: 500, reason: "no"), .unreachable(reason: "no"), .unsupported(reason: "no")])
  func bulk(outcome: DeliveryOutcome) {
    #expect(fate(outcome, failures: 2, in: .bulk(sessions: 50)) == .separated(companyLimit: 1, reason: "no"))
  }

  @Test("a refusal fails a write, but only separates those that shared a request: a bulk in halves until the bad ones stand alone")
  func rejected() {
    let refusal = DeliveryOutcome.rejected(status: 422, reason: "no")
    #expect(fate(refusal) == .failed(status: 422, reason: "no"))
    #expect(fate(refusal, in: .session) == .separated(companyLimit: 0, reason: "no"))
    var sizes: [Int] = []
    var size = 50
    while size > 1, case .separated(let half, _) = fate(refusal, in: .bulk(sessions: size)) {
      sizes.append(half)
      size = half
    }
    #expect(sizes == [25, 13, 7, 4, 2, 1])
  }

  @Test("a bad token is not the write's fault")
  func unauthorized() {
    #expect(fate(.unauthorized(status: 401, reason: "no"), failures: 2) == .passedOver(until: now + .seconds(300)))
  }

  @Test("what the server does not know is parked at the longest interval, and never given up")
  func unsupported() {
    #expect(
      fate(.unsupported(reason: "no exercises"))
        == .retried(at: now + .seconds(900), failures: 4, state: .parked, companyLimit: 0, status: nil, reason: "no exercises"))
    #expect(policy.state(afterFailures: 4) == .parked)
  }
}
