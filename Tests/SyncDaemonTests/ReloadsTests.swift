import Testing

@testable import SyncDaemon

@Suite("Reloads")
struct ReloadsTests {
  private let start = ContinuousClock.now

  @Test("A lone one is done at once, and leaves no timer behind")
  func alone() {
    var reloads = Reloads()
    let taken = [(false, 0), (true, 0), (true, 1_000)].map { wish, time in reloads.take(wish, now: start + .milliseconds(time)) }
    #expect(taken == [false, true, true])
    #expect(reloads.dueAt == nil)
  }

  @Test("Those that come in a row are one a second, and the last is done")
  func loop() {
    var reloads = Reloads()
    var done: [Int] = []
    for tenth in 0...95 where reloads.take(true, now: start + .milliseconds(100 * tenth)) { done.append(tenth) }
    #expect(done == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    #expect(reloads.dueAt == start + .seconds(10))
    let taken = [9_999, 10_000, 20_000].map { time in reloads.take(false, now: start + .milliseconds(time)) }
    #expect(taken == [false, true, false])
    #expect(reloads.dueAt == nil)
  }
}
