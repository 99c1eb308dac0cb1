package import ProgressModel

/// What becomes of a write after an attempt.
package enum Fate: Hashable, Sendable {
  /// It leaves the queue.
  case delivered
  /// It is tried again. `status` is what the API answered, if it did; `companyLimit`: in a smaller request than the one that failed.
  case retried(at: Timestamp, failures: Int, state: WriteState, companyLimit: Int?, status: Int?, reason: String)
  /// It keeps its place, and is tried in a smaller request: the one that it shared was refused, and that may not have been its fault.
  case separated(companyLimit: Int, reason: String)
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
  ///   - company: Whether the request carried other writes too.
  ///   - random: Uniform in 0..<1.
  package func fate(of outcome: DeliveryOutcome, failures: Int, in company: Company, now: Timestamp, random: Double) -> Fate {
    let wait = wait(afterFailures: failures + 1, random: random)
    switch (outcome, company) {
    case (.delivered, _):
      return .delivered
    case (.throttled(_, _, let retryAfter), _):
      return .passedOver(until: now + max(retryAfter ?? .zero, self.wait(afterFailures: 1, random: random)))
    case (.unauthorized(403, let reason), .bulk):
      return .separated(companyLimit: 1, reason: reason)
    case (.unauthorized, _):
      return .passedOver(until: now + TokenHealth.probeInterval)
    case (.rejected(_, let reason), .bulk(let sessions)):
      return .separated(companyLimit: max(1, (sessions + 1) / 2), reason: reason)
    case (.deferred(_, let reason), .bulk), (.unreachable(let reason), .bulk), (.unsupported(let reason), .bulk):
      // Whatever it was, it may have been the doing of one of them.
      return .separated(companyLimit: 1, reason: reason)
    case (.rejected(_, let reason), .session):
      return .separated(companyLimit: 0, reason: reason)
    case (.rejected(let status, let reason), .none):
      return .failed(status: status, reason: reason)
    case (.deferred(let status, let reason), _):
      let limit = company == .session ? 0 : nil
      return retried(at: now + wait, failures: failures + 1, companyLimit: limit, status: status, reason: reason)
    case (.unreachable(let reason), _):
      // What no quick retry of them gets an answer to may be the doing of one of them.
      let limit = company == .session && state(afterFailures: failures + 1) == .parked ? 0 : nil
      return retried(at: now + wait, failures: failures + 1, companyLimit: limit, status: nil, reason: reason)
    case (.unsupported(let reason), _):
      return retried(
        at: now + parkedMax.jittered(by: 0.2, random: random), failures: max(failures, maximumRetries) + 1, companyLimit: 0, status: nil,
        reason: reason)
    }
  }

  private func retried(at instant: Timestamp, failures: Int, companyLimit: Int?, status: Int?, reason: String) -> Fate {
    let state = state(afterFailures: failures)
    return .retried(at: instant, failures: failures, state: state, companyLimit: companyLimit, status: status, reason: reason)
  }
}
