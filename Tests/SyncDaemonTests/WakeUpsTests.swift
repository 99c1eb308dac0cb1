import Testing

@testable import SyncDaemon

@Suite("Wake-ups")
struct WakeUpsTests {
  private let start = ContinuousClock.now

  @Test("A lone one is passed on at once, and leaves no timer behind")
  func alone() {
    var wakeUps = WakeUps()
    #expect(wakeUps.take([], now: start).isEmpty)
    #expect(wakeUps.take([.network], now: start) == [.network])
    #expect(wakeUps.dueAt == nil)
    #expect(wakeUps.take([.clock], now: start + .seconds(1)) == [.clock])
  }

  @Test("One that comes too early is kept until its time")
  func early() {
    var wakeUps = WakeUps()
    _ = wakeUps.take([.network], now: start)
    #expect(wakeUps.take([.clock], now: start + .milliseconds(100)).isEmpty)
    #expect(wakeUps.take([.network], now: start + .milliseconds(200)).isEmpty)
    #expect(wakeUps.dueAt == start + .seconds(1))
    #expect(wakeUps.take([], now: start + .milliseconds(999)).isEmpty)
    #expect(wakeUps.take([], now: start + .seconds(1)) == [.network, .clock])
    #expect(wakeUps.dueAt == nil)
  }

  @Test("A network that flaps is followed once a second, and spoken of twice a minute")
  func flapping() {
    var wakeUps = WakeUps()
    var passed = 0
    var said: [String] = []
    for tenth in 0..<600 {
      let now = start + .milliseconds(100 * tenth)
      let taken = wakeUps.take([.network], now: now)
      if !taken.isEmpty { passed += 1 }
      if let sentence = wakeUps.sentence(for: taken, now: now) { said.append(sentence) }
    }
    #expect(passed == 60)
    #expect(said == Array(repeating: "The network has changed: trying the API again now", count: 2))
  }
}
