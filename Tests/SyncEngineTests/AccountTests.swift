import Glibc
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore
import Testing

@Suite("The engine keeps accounts apart", .enabled(if: geteuid() == 0, "files of several users take root"))
struct AccountTests {
  private let machine: Workstation
  private let refused = DeliveryOutcome.unauthorized(status: 401, reason: "expired")

  init() throws {
    machine = try Workstation()
    machine.turn(TurnInput())
  }

  private func give(_ users: Set<UInt32>, unusable: [UInt32: String] = [:]) {
    var settings = Workstation.settings
    (settings.accounts, settings.unusableTokens) = (users, unusable)
    machine.apply(settings)
    machine.ringEndpoint()
  }

  private func ask(_ deed: EngineCommand.Deed, sender: UInt32? = nil) {
    machine.turn(TurnInput(commands: [EngineCommand(id: 1, deed, caller: sender ?? 0, sender: sender)]))
    for _ in 1...100 where machine.results.isEmpty { machine.turn(TurnInput()) }
  }

  private func accounts(of day: Int) -> [Account] {
    machine.deliveries.filter { $0.sessions.contains { $0.day == day } }.map(\.account)
  }

  @Test("and holds the one whose token is refused, while all others go on as if nothing were")
  func held() throws {
    give([1_000, 1_001])
    for day in 1...40 { try machine.drop(action("complete", day: day), owner: day <= 20 ? 1_000 : 1_001) }
    for day in 41...60 { try machine.drop(action("complete", day: day), owner: 1_002) }
    machine.passRequests(.seconds(20)) { $0.account == .user(1_000) ? refused : .delivered }
    #expect(try machine.counts.pending == 20)
    #expect(machine.deliveries.count { $0.account == .user(1_000) } <= 8)
    #expect(try machine.endpoint == .reachable)
    let status = try machine.status.accounts
    #expect(status.map(\.account) == [.common, .user(1_000), .user(1_001)] && status.map(\.rows) == [0, 20, 0])
    #expect(status.map { $0.hold?.status } == [nil, 401, nil])
    let holds = machine.events.compactMap { if case .held(_, let account, _) = $0 { account } else { nil } }
    #expect(holds == [.user(1_000)])
    machine.pass(.seconds(300))
    #expect(try machine.counts.pending == 0)
    #expect(machine.events.contains(.released(.user(1_000))))
  }

  @Test("and sends nothing of a user whose token is gone, until there is one again")
  func missing() throws {
    give([1_000])
    try machine.drop(action("complete", day: 1), owner: 1_000)
    give([])
    try machine.drop(action("complete", day: 2), owner: 1_001)
    machine.pass(.seconds(4_000))
    #expect(machine.deliveries.map(\.account) == [.common])
    #expect(try machine.status.accounts.last?.hold?.cause == .noToken)
    #expect(machine.events.contains { if case .held(_, .user(1_000), 1) = $0 { true } else { false } })
    try machine.killAndStart()
    machine.pass(.seconds(10))
    #expect(machine.deliveries.map(\.account) == [.common])
    give([1_000])
    machine.pass(.seconds(1))
    #expect(machine.deliveries.map(\.account) == [.common, .user(1_000)])
    #expect(machine.events.contains(.released(.user(1_000))))
  }

  @Test("and keeps what a user drops behind what waits for a token of his own that is gone, until nothing of that is left")
  func lost() throws {
    give([1_000])
    try machine.drop(action("schedule", "\"scheduled_date\":\"2026-01-28\"", day: 1), owner: 1_000)
    give([])
    try machine.killAndStart()
    try machine.drop(action("schedule", "\"scheduled_date\":\"2026-01-29\"", day: 1), owner: 1_000)
    try machine.drop(action("complete", day: 2), owner: 1_000)
    machine.pass(.seconds(60))
    #expect(machine.deliveries == [])
    #expect(try machine.status.accounts.map(\.rows) == [0, 2])
    ask(.discard(EntrySelection(all: true)), sender: 1_000)
    try machine.drop(action("complete", day: 3), owner: 1_000)
    machine.pass(.seconds(60))
    #expect(machine.deliveries.map(\.account) == [.common] && accounts(of: 3) == [.common])
  }

  @Test("and says who lacks a token also while a person has nothing sent")
  func lackingInAPause() throws {
    give([1_000])
    try machine.drop(action("complete", day: 1), owner: 1_000)
    ask(.suspend(for: nil))
    give([])
    try machine.killAndStart()
    machine.pass(.seconds(1))
    #expect(machine.events.contains { if case .held(_, .user(1_000), 1) = $0 { true } else { false } })
  }

  @Test("and asks the API nothing with a token that cannot be used, says so, and goes on with it as soon as it can be used")
  func unusable() throws {
    give([1_000], unusable: [1_000: "/t/token_1000 is empty"])
    try machine.drop(action("complete", day: 1), owner: 1_000)
    machine.pass(.seconds(4_000))
    machine.ringEndpoint()
    #expect(machine.deliveries == [])
    let hold = try #require(try machine.status.accounts.last?.hold)
    #expect(hold.cause == .unusableToken && hold.status == nil && hold.reason == "/t/token_1000 is empty" && hold.probeAt == nil)
    give([])
    #expect(try machine.status.accounts.last?.hold?.cause == .noToken)
    give([1_000])
    machine.pass(.seconds(1))
    #expect(machine.deliveries.map(\.account) == [.user(1_000)])
    let said = machine.events.compactMap { if case .held(let hold, _, _) = $0 { hold.cause } else { nil } }
    #expect(said == [.unusableToken, .noToken] && machine.events.contains(.released(.user(1_000))))
  }

  @Test("and moves what waits of a user whose first token comes, but not what is being sent")
  func moves() throws {
    for day in 1...2 { try machine.drop(action("complete", day: day), owner: 1_000) }
    machine.pass(.milliseconds(501)) { _ in nil }
    for day in 3...4 { try machine.drop(action("complete", day: day), owner: 1_000) }
    give([1_000])
    machine.answer(machine.underWay[0], .deferred(status: 500, reason: "500"))
    machine.pass(.seconds(9))
    #expect(accounts(of: 1) == [.common, .user(1_000)])
    #expect(accounts(of: 2) == [.common] && accounts(of: 3) == [.user(1_000)] && accounts(of: 4) == [.user(1_000)])
    #expect(try machine.counts.pending == 0)
  }

  @Test("and has one session of two of them under way at once, never two requests of one")
  func sessions() throws {
    give([1_000])
    for user: UInt32 in [1_000, 1_001] {
      try machine.drop(action("complete", day: 1), owner: user)
      try machine.drop(action("schedule", "\"scheduled_date\":\"2026-01-28\"", day: 1), owner: user)
    }
    machine.pass(.seconds(6)) { _ in nil }
    #expect(Set(machine.underWay.map(\.account)) == [.common, .user(1_000)] && machine.underWay.count == 2)
  }

  @Test("and probes an outage at one pace however many accounts wait, and serves each in its turn after it")
  func outage() throws {
    give(Set(1_000...1_009))
    for user: UInt32 in 1_000...1_009 {
      for day in 1...12 { try machine.drop(action("uncomplete", day: day), owner: user, ringing: day == 12) }
    }
    machine.pass(.seconds(600)) { _ in .unreachable(reason: "refused") }
    #expect(machine.deliveries.count < 60)
    machine.forget()
    machine.pass(.seconds(61))
    #expect(Set(machine.deliveries.prefix(20).map(\.account)).count == 10)
    #expect(try machine.counts.pending == 0)
  }
}
