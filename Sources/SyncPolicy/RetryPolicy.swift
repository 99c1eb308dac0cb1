/// Where a write in the queue stands.
package enum WriteState: String, CaseIterable, Sendable {
  /// Not tried yet.
  case waiting
  /// Failed, and within its quick retries.
  case retrying
  /// Failed more often than that: tried again at growing intervals, for ever.
  case parked
  /// Refused by the API: kept until a newer write of its key or a person decides.
  case failed
}

/// When a write that failed is tried again. Nothing is ever given up: what the quick retries do not settle is parked.
package struct RetryPolicy: Hashable, Sendable {
  /// The waits before the quick retries; their number is the number of retries.
  package var backoff: [Duration]
  /// The first wait of a parked write; each further one is twice as long.
  package var parkedInitial: Duration
  /// The longest wait of a parked write.
  package var parkedMax: Duration

  package init(backoff: [Duration], parkedInitial: Duration, parkedMax: Duration) {
    (self.backoff, self.parkedInitial, self.parkedMax) = (backoff, parkedInitial, parkedMax)
  }

  package var maximumRetries: Int { backoff.count }

  /// The longest that any write is made to wait by this policy alone: a stored due time beyond it is the work of a clock step.
  package var longestWait: Duration { max(parkedMax, backoff.max() ?? .zero) * 1.2 }

  /// The state of a write that failed `failures` times, at least once.
  package func state(afterFailures failures: Int) -> WriteState {
    failures <= maximumRetries ? .retrying : .parked
  }

  /// The wait after the given failure, counted from 1.
  ///
  /// Quick retries are exact; parked waits vary by a fifth, so that what failed together does not return together.
  /// `random` is uniform in 0..<1.
  package func wait(afterFailures failures: Int, random: Double) -> Duration {
    guard failures > maximumRetries else { return backoff[max(failures, 1) - 1] }
    let doublings = min(failures - maximumRetries - 1, 30)
    return min(parkedInitial * (1 << doublings), parkedMax).jittered(by: 0.2, random: random)
  }
}

extension Duration {
  /// The duration, shortened or lengthened by at most `share` of itself; `random` is uniform in 0..<1.
  func jittered(by share: Double, random: Double) -> Duration {
    self * (1 + share * (2 * random - 1))
  }
}
