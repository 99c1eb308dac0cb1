package import ProgressModel

/// What becomes of a write after an attempt.
package enum Fate: Hashable, Sendable {
  /// It leaves the queue.
  case delivered
  /// It is tried again. `status` is what the API answered, if it did; `isAlone`: in a request of its own, because the one it travelled in failed.
  case retried(at: Timestamp, failures: Int, state: WriteState, isAlone: Bool, status: Int?, reason: String)
  /// It is tried alone at once: the request that it shared was refused, and that may not have been its fault.
  case separated(reason: String)
  /// It is kept, and not tried again until somebody acts.
  case failed(status: Int, reason: String)
  /// It waits as if the attempt had not been, behind all others that become due until then: the trouble may not be its own.
  case passedOver(until: Timestamp)
}

extension RetryPolicy {
  /// The fate of one write of a request.
  ///
  /// - Parameters:
  ///   - failures: How often the write failed before.
  ///   - isShared: Whether the request carried other writes too.
  ///   - random: Uniform in 0..<1.
  package func fate(of outcome: DeliveryOutcome, failures: Int, isShared: Bool, now: Timestamp, random: Double) -> Fate {
    switch outcome {
    case .delivered:
      return .delivered
    case .deferred(let status, let reason, let retryAfter):
      let wait = max(wait(afterFailures: failures + 1, random: random), retryAfter ?? .zero)
      return retried(at: now + wait, failures: failures + 1, isAlone: isShared, status: status, reason: reason)
    case .unreachable(let reason):
      let wait = wait(afterFailures: failures + 1, random: random)
      return retried(at: now + wait, failures: failures + 1, isAlone: false, status: nil, reason: reason)
    case .unsupported(let reason):
      return retried(at: now + parkedMax, failures: max(failures, maximumRetries) + 1, isAlone: true, status: nil, reason: reason)
    case .rejected(let status, let reason):
      return isShared ? .separated(reason: reason) : .failed(status: status, reason: reason)
    case .unauthorized:
      return .passedOver(until: now + EndpointHealth.heldProbeInterval)
    }
  }

  private func retried(at instant: Timestamp, failures: Int, isAlone: Bool, status: Int?, reason: String) -> Fate {
    .retried(at: instant, failures: failures, state: state(afterFailures: failures), isAlone: isAlone, status: status, reason: reason)
  }
}
