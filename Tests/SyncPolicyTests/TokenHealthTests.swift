import ProgressModel
import SyncPolicy
import Testing

@Suite("A token's health decides who of its account may call")
struct TokenHealthTests {
  private let start = Timestamp(milliseconds: 1_000_000)
  private let sessions: [Session]
  private let expired = DeliveryOutcome.unauthorized(status: 401, reason: "expired")
  private let forbidden = DeliveryOutcome.unauthorized(status: 403, reason: "no")

  init() throws {
    sessions = try (1...2).map { day in try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: day) }) }
  }

  private func observe(_ outcome: DeliveryOutcome, at now: Timestamp, _ token: inout TokenHealth, by session: Int = 0) {
    token.observe(outcome, for: [sessions[session]], now: now)
  }

  @Test("a refused one is held, with a probe every five minutes, until an answer or a reset")
  func held() {
    var token = TokenHealth(of: .common)
    observe(expired, at: start, &token)
    #expect(token.admission(now: start) == .nobody(until: start + .seconds(300)))
    #expect(token.admission(now: start + .seconds(300)) == .oneProbe)
    observe(expired, at: start + .seconds(300), &token)
    #expect(
      token.hold == Hold(since: start, cause: .refused(status: 401), reason: "expired", probeAt: start + .seconds(600)))
    var released = token
    observe(.delivered, at: start + .seconds(600), &released)
    #expect(released.hold == nil && released.isProven)
    token.reset()
    #expect(token.admission(now: start + .seconds(301)) == .everyone(atMost: 64))
    #expect(!token.isProven)
  }

  @Test(
    "what says nothing of the token does not end the hold, and is the probe",
    arguments: [
      DeliveryOutcome.unreachable(reason: "refused"), .deferred(status: 503, reason: "503"), .unsupported(reason: "no"),
      .throttled(status: 429, reason: "429", retryAfter: nil),
    ])
  func otherTrouble(outcome: DeliveryOutcome) {
    var token = TokenHealth(of: .common)
    observe(expired, at: start, &token)
    observe(outcome, at: start + .seconds(1), &token)
    #expect(token.admission(now: start + .seconds(1)) == .nobody(until: start + .seconds(300)))
    observe(outcome, at: start + .seconds(300), &token)
    #expect(token.admission(now: start + .seconds(300)) == .nobody(until: start + .seconds(600)))
  }

  @Test("what is forbidden may be forbidden to one write alone; five in a row are forbidden to all, and what is new tries once a minute")
  func forbiddenOnes() {
    var token = TokenHealth(of: .user(1_000))
    for _ in 1...4 {
      observe(forbidden, at: start, &token)
      let witness = AccountSession(sessions[0], of: .user(1_000))
      #expect(token.admission(now: start) == .oneProbeOfOthers(than: witness, until: start + .seconds(300)))
    }
    observe(forbidden, at: start, &token, by: 1)
    #expect(token.admission(now: start) == .oneProbeOfFresh(from: start + .seconds(60), until: start + .seconds(300)))
    observe(.delivered, at: start + .seconds(60), &token)
    observe(forbidden, at: start + .seconds(60), &token)
    #expect(!token.isHeldForAll)
    observe(expired, at: start + .seconds(60), &token)
    #expect(token.isHeldForAll)
    #expect(token.admission(now: start + .seconds(60)) == .nobody(until: start + .seconds(360)))
  }

  @Test("a forbidden bulk request holds nothing, and what it carried goes singly")
  func forbiddenBulk() {
    var token = TokenHealth(of: .common)
    observe(.delivered, at: start, &token)
    token.observe(forbidden, for: sessions, now: start)
    #expect(token.hold == nil && !token.isProven)
  }

  @Test("without a token nothing goes out, whatever there is reason for; a new one is tried at once")
  func missing() {
    var token = TokenHealth(of: .user(1_000))
    token.note(.absent, now: start)
    token.note(.absent, now: start + .seconds(9))
    #expect(token.hold?.since == start && token.hold?.status == nil)
    token.reset()
    #expect(token.admission(now: start + .seconds(100_000)) == .nobody(until: nil))
    token.note(.usable, now: start + .seconds(10))
    #expect(token.admission(now: start + .seconds(10)) == .everyone(atMost: 64))
  }

  @Test("with one that cannot be used nothing goes out either, for that reason, and a refusal is forgotten over it")
  func unusable() {
    var token = TokenHealth(of: .user(1_000))
    observe(expired, at: start, &token)
    token.note(.usable, now: start)
    #expect(token.hold?.status == 401)
    token.note(.unusable(reason: "is empty"), now: start + .seconds(1))
    let hold = Hold(since: start + .seconds(1), cause: .unusableToken, reason: "is empty")
    #expect(token.hold == hold && token.lacksToken && token.isHeldForAll)
    token.reset()
    #expect(token.hold == hold && token.admission(now: start + .seconds(100_000)) == .nobody(until: nil))
    token.note(.absent, now: start + .seconds(2))
    #expect(token.hold?.cause == .noToken && token.hold?.since == hold.since)
    token.note(.usable, now: start + .seconds(3))
    #expect(token == TokenHealth(of: .user(1_000)))
  }

  @Test("a clock that was set back does not keep it waiting")
  func clockStep() {
    var token = TokenHealth(of: .common)
    observe(expired, at: start + .seconds(1_000_000), &token)
    token.clamp(now: start)
    #expect(token.admission(now: start + .seconds(300)) == .oneProbe)
  }
}
