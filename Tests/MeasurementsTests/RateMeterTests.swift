import Measurements
import ProgressModel
import Testing

@Suite("A rate")
struct RateMeterTests {
  private let noon = Timestamp(milliseconds: 1_769_601_600_000)

  @Test(
    "is of the last minute and of the last hour",
    arguments: [(0, 1, 1), (59, 1, 1), (60, 0, 1), (59 * 60, 0, 1), (60 * 60, 0, 0), (-1, 0, 1), (-120, 0, 0)])
  func windows(secondsLater: Int, minute: Int, hour: Int) {
    var meter = RateMeter()
    meter.count(at: noon + .seconds(30))
    let now = noon + .seconds(30 + secondsLater)
    #expect(meter.lastMinute(at: now) == minute)
    #expect(meter.lastHour(at: now) == hour)
  }

  @Test("of what goes on evenly is even, for days")
  func steady() {
    var meter = RateMeter()
    for second in 0..<200_000 { meter.count(3, at: noon + .seconds(second)) }
    let now = noon + .seconds(199_999)
    #expect(meter.lastMinute(at: now) == 180)
    #expect((59 * 180...60 * 180).contains(meter.lastHour(at: now)))
  }

  @Test("goes on after the clock was set, in either direction", arguments: [-86_400, 86_400])
  func clockStep(seconds: Int) {
    var meter = RateMeter()
    meter.count(5, at: noon)
    let later = noon + .seconds(seconds)
    meter.count(2, at: later)
    #expect(meter.lastMinute(at: later) == 2)
    #expect(meter.lastHour(at: later) == 2)
  }

  @Test("is there even before 1970")
  func unsetClock() {
    var meter = RateMeter()
    meter.count(at: Timestamp(milliseconds: -5))
    #expect(meter.lastMinute(at: Timestamp(milliseconds: -1)) == 1)
  }
}
