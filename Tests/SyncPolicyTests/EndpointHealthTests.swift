import ProgressModel
import SyncPolicy
import Testing

@Suite("The endpoint's health decides who may call")
struct EndpointHealthTests {
  private let retry = RetryPolicy(backoff: [.seconds(1), .seconds(5), .seconds(15)], parkedInitial: .seconds(60), parkedMax: .seconds(900))
  private let start = Timestamp(milliseconds: 1_000_000)

  private let sessions: [Session]

  init() throws {
    sessions = try (1...2).map { day in try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: day) }) }
  }

  private func observe(_ outcome: DeliveryOutcome, at now: Timestamp, _ health: inout EndpointHealth, by session: Int = 0) {
    health.observe(outcome, for: [sessions[session]], now: now, retry: retry, random: 0.5)
  }

  @Test("everyone calls while it answers")
  func reachable() {
    #expect(EndpointHealth().admission(now: start) == .everyone(atMost: 64))
  }

  @Test("an outage is probed after 1, 5, 15, 15 … seconds, and every minute after ten")
  func probes() {
    var health = EndpointHealth()
    var now = start
    var waits: [Int64] = []
    observe(.unreachable(reason: "refused"), at: now, &health, by: 1)
    while now - start < .seconds(700) {
      observe(.unreachable(reason: "refused"), at: now, &health)
      guard case .nobody(let until?) = health.admission(now: now) else {
        Issue.record("an unreachable endpoint admits callers at once")
        return
      }
      waits.append((until - now).inMilliseconds / 1000)
      #expect(health.admission(now: until) == .oneProbe)
      now = until
    }
    #expect(waits.prefix(5) == [1, 5, 15, 15, 15])
    #expect(waits.last == 60)
    #expect(waits.allSatisfy { $0 <= 60 })
  }

  @Test("requests that were under way when it fell silent do not hasten or delay the probe")
  func stragglers() {
    var health = EndpointHealth()
    observe(.unreachable(reason: "refused"), at: start, &health)
    let before = health.state
    observe(.unreachable(reason: "refused"), at: start + .milliseconds(200), &health, by: 1)
    #expect(health.state == before)
  }

  @Test("while one session alone has met the silence, another is tried at once; then it is an outage for all")
  func soleWitness() {
    var health = EndpointHealth()
    observe(.unreachable(reason: "reset"), at: start, &health)
    #expect(health.isFalseAlarm)
    #expect(health.admission(now: start) == .oneProbeOfOthers(than: AccountSession(sessions[0], of: .common), until: start + .seconds(1)))
    #expect(health.admission(now: start + .seconds(1)) == .oneProbe)
    observe(.unreachable(reason: "reset"), at: start + .seconds(1), &health)
    #expect(health.isFalseAlarm)
    observe(.unreachable(reason: "reset"), at: start + .seconds(2), &health, by: 1)
    #expect(!health.isFalseAlarm)
    #expect(health.admission(now: start + .seconds(2)) == .nobody(until: start + .seconds(6)))
  }

  @Test(
    "any whole answer shows that it is there",
    arguments: [
      DeliveryOutcome.delivered, .rejected(status: 422, reason: "no"), .deferred(status: 500, reason: "500"),
      .unsupported(reason: "no"), .unauthorized(status: 401, reason: "no"),
    ])
  func recovery(outcome: DeliveryOutcome) {
    var health = EndpointHealth()
    observe(.unreachable(reason: "refused"), at: start, &health)
    observe(outcome, at: start + .seconds(1), &health)
    #expect(health.state == .reachable)
  }

  @Test("nobody calls before Retry-After is over, whatever else is answered meanwhile")
  func paused() {
    var health = EndpointHealth()
    observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(30)), at: start, &health)
    observe(.delivered, at: start + .seconds(1), &health)
    #expect(health.admission(now: start + .seconds(29)) == .nobody(until: start + .seconds(30)))
    #expect(health.admission(now: start + .seconds(30)) == .everyone(atMost: 1))
  }

  @Test("a second Retry-After never shortens the first")
  func pausedTwice() {
    var health = EndpointHealth()
    observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(30)), at: start, &health)
    observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(2)), at: start + .seconds(1), &health)
    #expect(health.admission(now: start + .seconds(5)) == .nobody(until: start + .seconds(30)))
  }

  @Test("silence, or a bad token, does not shorten a Retry-After")
  func pausedThenOtherwise() {
    for outcome in [DeliveryOutcome.unreachable(reason: "reset"), .unauthorized(status: 401, reason: "no")] {
      var health = EndpointHealth()
      observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(600)), at: start, &health)
      observe(outcome, at: start + .seconds(1), &health)
      #expect(health.admission(now: start + .seconds(599)) == .nobody(until: start + .seconds(600)))
    }
  }

  @Test("a Retry-After outlasts a bad token and the answers after it")
  func pausedThenHeldThenAnswered() {
    for outcome in [DeliveryOutcome.delivered, .throttled(status: 429, reason: "429", retryAfter: .seconds(2))] {
      var health = EndpointHealth()
      observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(30)), at: start, &health)
      observe(.unauthorized(status: 401, reason: "no"), at: start + .seconds(1), &health)
      observe(outcome, at: start + .seconds(2), &health)
      #expect(health.admission(now: start + .seconds(29)) == .nobody(until: start + .seconds(30)))
      #expect(health.admission(now: start + .seconds(30)) == .everyone(atMost: 1))
    }
  }

  @Test("a clock that is set back does not make a Retry-After longer than it was")
  func pausedAndSetBack() {
    var health = EndpointHealth()
    observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(30)), at: start, &health)
    let earlier = start - .seconds(500)
    health.clamp(now: earlier, retry: retry)
    #expect(health.admission(now: earlier) == .nobody(until: earlier + .seconds(30)))
  }

  @Test("a clock that was set back does not keep everyone waiting")
  func clockStep() {
    var health = EndpointHealth()
    observe(.unreachable(reason: "refused"), at: start + .seconds(1_000_000), &health)
    health.clamp(now: start, retry: retry)
    #expect(health.admission(now: start + .seconds(301)) == .oneProbe)
  }

  @Test("without a Retry-After, or with a short one, pauses follow the backoff, and the first delivery ends the row")
  func pausesInARow() {
    var health = EndpointHealth()
    var now = start
    for seconds in [1, 5, 15, 15] {
      observe(.throttled(status: 429, reason: "429", retryAfter: .zero), at: now, &health)
      observe(.throttled(status: 429, reason: "429", retryAfter: nil), at: now, &health, by: 1)
      #expect(health.admission(now: now) == .nobody(until: now + .seconds(seconds)))
      now = now + .seconds(seconds)
    }
    observe(.delivered, at: now, &health)
    observe(.throttled(status: 429, reason: "429", retryAfter: nil), at: now, &health)
    #expect(health.admission(now: now) == .nobody(until: now + .seconds(1)))
  }

  @Test("a pause outlives a reset and a restart, and a clock that was set back does not make it longer")
  func recalled() throws {
    var health = EndpointHealth()
    observe(.throttled(status: 429, reason: "429", retryAfter: .seconds(30)), at: start, &health)
    let pause = try #require(health.pause)
    health.reset(now: start + .seconds(1))
    #expect(health.admission(now: start + .seconds(1)) == .nobody(until: start + .seconds(30)))
    for (now, until) in [(start + .seconds(2), start + .seconds(30)), (start - .seconds(500), start - .seconds(470))] {
      var next = EndpointHealth()
      next.recall(pause, now: now)
      #expect(next.admission(now: now) == .nobody(until: until))
    }
  }

  @Test(
    "after a trouble the number of requests at once grows with what is delivered",
    arguments: [
      DeliveryOutcome.unreachable(reason: "refused"), .throttled(status: 429, reason: "429", retryAfter: nil),
    ])
  func slowStart(trouble: DeliveryOutcome) {
    var health = EndpointHealth()
    observe(trouble, at: start, &health)
    var windows: [Int] = []
    for _ in 0..<4 {
      observe(.delivered, at: start + .seconds(400), &health)
      windows.append(health.window)
    }
    #expect(windows == [2, 3, 4, 5])
    for _ in 0..<70 { observe(.delivered, at: start + .seconds(400), &health) }
    #expect(health.window == EndpointHealth.open)
  }

  @Test("five deferred requests in a row are the API's trouble: new writes one a second, the rest as in an outage")
  func failing() {
    var health = EndpointHealth()
    for _ in 1...4 { observe(.deferred(status: 500, reason: "500"), at: start, &health) }
    #expect(health.state == .reachable)
    observe(.deferred(status: 500, reason: "500"), at: start, &health, by: 1)
    var now = start
    var waits: [Int64] = []
    for _ in 0..<4 {
      guard case .failing(_, _, let freshAt, let probeAt, _) = health.state else {
        Issue.record("\(health.state)")
        return
      }
      #expect(freshAt == now + .seconds(1))
      #expect(health.admission(now: now) == .oneProbeOfFresh(from: freshAt, until: probeAt))
      #expect(health.admission(now: probeAt) == .everyone(atMost: 1))
      waits.append((probeAt - now).inMilliseconds / 1000)
      now = probeAt
      observe(.deferred(status: 500, reason: "500"), at: now, &health)
    }
    #expect(waits == [1, 5, 15, 15])
    observe(.delivered, at: now, &health)
    #expect(health.admission(now: now) == .everyone(atMost: 2))
  }

  @Test("deferred requests with others delivered in between are the writes' own")
  func deferredOnes() {
    var health = EndpointHealth()
    for _ in 1...20 {
      for _ in 1...4 { observe(.deferred(status: 500, reason: "500"), at: start, &health) }
      observe(.delivered, at: start, &health, by: 1)
      #expect(health.admission(now: start) == .everyone(atMost: 64))
    }
  }

  @Test("a request that hangs does not keep others from trying when there is reason to")
  func resetWhileOneHangs() {
    var health = EndpointHealth()
    observe(.unreachable(reason: "refused"), at: start, &health)
    health.reset(now: start, underWay: 1)
    #expect(health.admission(now: start) == .everyone(atMost: 2))
  }

  @Test("a refused token says nothing of what it can take: neither more requests at once nor an end of its trouble")
  func refusedToken() {
    var health = EndpointHealth()
    observe(.unauthorized(status: 401, reason: "no"), at: start, &health)
    #expect(health.admission(now: start) == .everyone(atMost: 64))
    for _ in 1...5 { observe(.deferred(status: 500, reason: "500"), at: start, &health) }
    let failing = health.state
    observe(.unauthorized(status: 401, reason: "no"), at: start + .seconds(1), &health)
    #expect(health.state == failing)
  }

  @Test("a session of another account that meets silence is another witness")
  func witnessesOfTwoAccounts() {
    var health = EndpointHealth()
    observe(.unreachable(reason: "reset"), at: start, &health)
    health.observe(
      .unreachable(reason: "reset"), for: [sessions[0]], of: .user(1_000), now: start + .seconds(1), retry: retry, random: 0.5)
    #expect(!health.isFalseAlarm)
  }
}
