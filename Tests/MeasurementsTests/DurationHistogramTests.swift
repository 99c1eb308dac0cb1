import Measurements
import Testing

@Suite("A histogram of durations")
struct DurationHistogramTests {
  private func counts(_ durations: [Duration]) -> [Int] {
    let histogram = DurationHistogram(bounds: [.milliseconds(1), .milliseconds(10), .seconds(1)])
    for duration in durations { histogram.observe(duration) }
    return histogram.snapshot.buckets.map(\.count) + [histogram.snapshot.count]
  }

  @Test(
    "counts a duration in each bucket whose bound it does not exceed",
    arguments: [
      ([], [0, 0, 0, 0]),
      ([.zero], [1, 1, 1, 1]),
      ([.milliseconds(1)], [1, 1, 1, 1]),
      ([.microseconds(1_001)], [0, 1, 1, 1]),
      ([.seconds(1)], [0, 0, 1, 1]),
      ([.seconds(2)], [0, 0, 0, 1]),
      ([.milliseconds(5), .seconds(2), .zero, .milliseconds(11)], [1, 2, 3, 4]),
    ] as [([Duration], [Int])])
  func buckets(durations: [Duration], expected: [Int]) {
    #expect(counts(durations) == expected)
  }

  @Test("and never takes anything off its sum")
  func negative() {
    let histogram = DurationHistogram.ofWaiting
    histogram.observe(.seconds(3))
    histogram.observe(.seconds(-7_200))
    #expect(histogram.snapshot.sum == .seconds(3))
    #expect(histogram.snapshot.count == 2)
    #expect(histogram.snapshot.buckets.first?.count == 1)
  }

  @Test("counts what many observe at once")
  func concurrent() async {
    let histogram = DurationHistogram.ofDisk
    await withDiscardingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<10_000 { histogram.observe(.milliseconds(2)) } }
      }
    }
    #expect(histogram.snapshot.count == 40_000)
    #expect(histogram.snapshot.sum == .seconds(80))
  }

  @Test("takes the time of what succeeds and of what fails")
  func time() throws {
    struct Failure: Error {}
    let histogram = DurationHistogram.ofDisk
    #expect(histogram.time { 7 } == 7)
    #expect(throws: Failure.self) { try histogram.time { throw Failure() } }
    #expect(histogram.snapshot.count == 2)
    #expect(histogram.snapshot.sum > .zero)
  }

  @Test("has buckets that ascend", arguments: [DurationHistogram.ofDisk, .ofNetwork, .ofWaiting])
  func ascending(histogram: DurationHistogram) {
    let bounds = histogram.snapshot.buckets.map(\.bound)
    #expect(bounds.count > 10)
    #expect(bounds == bounds.sorted())
    #expect(Set(bounds).count == bounds.count)
  }
}
