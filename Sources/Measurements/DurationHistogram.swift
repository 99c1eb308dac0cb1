import Synchronization

/// How long something takes, counted in buckets that are fixed from the start, so that it costs the same memory and time for ever.
///
/// Lives in what measures, and is read by whoever reports. An observation takes a lock for a few nanoseconds: 100 000 a second go unnoticed.
/// Counts begin at zero with the process, which is what a reader of a Prometheus histogram expects.
package final class DurationHistogram: Sendable {
  private let bounds: [Duration]
  private let state: Mutex<State>

  private struct State {
    /// One for each bound, and one for what is longer than all.
    var counts: [Int]
    var sum = Duration.zero
  }

  /// What was observed so far.
  package struct Snapshot: Hashable, Sendable {
    /// Each with how many observations were at most as long: never less than for the one before.
    package let buckets: [Bucket]
    package let sum: Duration
    package let count: Int
  }

  package struct Bucket: Hashable, Sendable {
    package let bound: Duration
    package let count: Int

    package init(bound: Duration, count: Int) {
      (self.bound, self.count) = (bound, count)
    }
  }

  /// - Parameter bounds: The longest duration of each bucket, ascending; what is longer than the last is counted all the same.
  package init(bounds: [Duration]) {
    assert(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of buckets ascend")
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  /// Counts one duration. A negative one, which a clock that was set back makes, counts as none: a sum must never fall.
  package func observe(_ duration: Duration) {
    let duration = max(.zero, duration)
    let bucket = bounds.firstIndex { duration <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[bucket] += 1
      state.sum += duration
    }
  }

  /// Counts how long `body` takes, whether it throws or not.
  package func time<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let start = ContinuousClock.now
    defer { observe(.now - start) }
    return try body()
  }

  /// What was observed so far, all of one moment.
  package var snapshot: Snapshot {
    let state = state.withLock { $0 }
    var total = 0
    let buckets = zip(bounds, state.counts).map { bound, count in
      total += count
      return Bucket(bound: bound, count: total)
    }
    return Snapshot(buckets: buckets, sum: state.sum, count: state.counts.reduce(0, +))
  }
}

extension DurationHistogram {
  /// Buckets from 100 µs to 10 s: for what a disk does.
  package static var ofDisk: DurationHistogram {
    DurationHistogram(bounds: milliseconds(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000))
  }

  /// Buckets from 1 ms to a minute: for one exchange over a network.
  package static var ofNetwork: DurationHistogram {
    DurationHistogram(bounds: milliseconds(1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000))
  }

  /// Buckets from 100 ms to a week: for what waits for a debounce at best, and for the end of an outage at worst.
  package static var ofWaiting: DurationHistogram {
    let hours = [1, 6, 24, 168].map { Duration.seconds($0 * 3_600) }
    return DurationHistogram(bounds: milliseconds(100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000) + hours)
  }

  private static func milliseconds(_ numbers: Double...) -> [Duration] {
    numbers.map { .microseconds(Int($0 * 1_000)) }
  }
}
