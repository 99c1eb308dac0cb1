import ControlProtocol
import ControlServer
import ProgressModel
import Testing

@testable import SyncDaemon

@Suite("Commands for the work loop", .timeLimit(.minutes(5)))
struct DoorbellAskTests {
  private let caller = Caller(uid: 1_000, daemon: 7)

  @Test("Each is answered once, by whom it was left for")
  func answered() async {
    let doorbell = Doorbell()
    async let result = doorbell.ask(.resume, for: caller)
    let rings = await doorbell.take(until: .now + .seconds(30))
    #expect(rings.asks.map(\.command) == [.resume])
    #expect(rings.asks.map(\.caller) == [caller])
    for ask in rings.asks + rings.asks { doorbell.answer(ask, .success(CommandReport(message: "done"))) }
    #expect(await result == .success(CommandReport(message: "done")))
  }

  @Test("Whoever is cancelled is told at once, and a late answer does no harm")
  func cancelled() async {
    let doorbell = Doorbell()
    await withTaskGroup(of: AskResult.self) { group in
      group.addTask { await doorbell.ask(.flush, for: caller) }
      let rings = await doorbell.take(until: .now + .seconds(30))
      group.cancelAll()
      for await result in group { #expect(throws: ControlRefusal.self) { try result.get() } }
      for ask in rings.asks { doorbell.answer(ask, .success(CommandReport(message: "late"))) }
    }
  }

  @Test("Only so many wait at once, and whoever comes then is told so; one that is done makes room")
  func crowd() async {
    let doorbell = Doorbell()
    await withTaskGroup(of: AskResult.self) { group in
      var asks: [Ask] = []
      for _ in 1...Askers.limit {
        group.addTask { await doorbell.ask(.resume, for: caller) }
        asks += await doorbell.take(until: .now + .seconds(30)).asks
      }
      let refusal = ControlRefusal(.unavailable, "64 commands wait to be done, and no more are taken: try again")
      #expect(await doorbell.ask(.resume, for: caller) == .failure(refusal))
      group.cancelAll()
      await group.waitForAll()
      #expect(await doorbell.ask(.resume, for: caller) == .failure(refusal), "the loop has them all still to do")
      doorbell.answer(asks[0], .success(CommandReport(message: "done")))
      async let late = doorbell.ask(.flush, for: caller)
      #expect(await doorbell.take(until: .now + .seconds(30)).asks.map(\.command) == [.flush])
      doorbell.closeAsks()
      #expect(await late == .failure(.cutShort))
    }
  }

  @Test("The end refuses those who wait and those who come")
  func closed() async {
    let doorbell = Doorbell()
    async let result = doorbell.ask(.flush, for: caller)
    _ = await doorbell.take(until: .now + .seconds(30))
    doorbell.closeAsks()
    #expect(await result == .failure(.cutShort))
    #expect(await doorbell.ask(.resume, for: caller) == .failure(.stopping))
  }

  @Test("Watchers get what they want, and all go home at the end")
  func live() async {
    let live = LiveEvents()
    #expect(!live.isWatched)
    let (all, none) = (live.mailbox { _ in true }, live.mailbox { _ in false })
    #expect(live.isWatched)
    live.publish([LiveEvent(at: Timestamp(milliseconds: 0), kind: .held, text: "held")])
    #expect(await all.next(within: .seconds(30))?.map(\.kind) == [.held])
    live.end()
    #expect(await all.next(within: .seconds(30)) == nil)
    #expect(await none.next(within: .seconds(30)) == nil)
    #expect(live.mailbox { _ in true }.hasEnded)
  }
}
