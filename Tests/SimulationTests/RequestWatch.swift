import ProgressModel
import SyncPolicy
import SyncStore

/// What the queue has settled about a write, and what the answers allow: no later request may ignore it.
struct RequestWatch {
  private var delivered: Set<Int64> = []
  private var companyLimits: [Int64: Int] = [:]
  /// Ids of writes that were refused in a request of their own.
  private(set) var refusedAlone: Set<String> = []
  /// How many requests may be under way.
  private var window = EndpointHealth.open

  mutating func noteStart() {
    window = EndpointHealth.open
  }

  /// One more may try: those under way may hang.
  mutating func noteRing(underWay: Int) {
    window = max(window, underWay + 1)
  }

  /// A person has it begin anew.
  mutating func noteRetry(of sequence: Int64) {
    companyLimits[sequence] = nil
  }

  mutating func note(_ outcome: DeliveryOutcome, to delivery: Delivery) {
    switch outcome {
    case .delivered: window += 1
    case .throttled: window = 1
    case .unreachable: if delivery.sessions.count == 1 { window = 1 }
    case .rejected: if delivery.writes.count == 1 { refusedAlone.formUnion(delivery.writes.map(\.id)) }
    case .deferred, .unsupported, .unauthorized: break
    }
  }

  mutating func note(settled settlements: [Settlement]) {
    for settlement in settlements {
      switch settlement.fate {
      case .delivered: delivered.insert(settlement.sequence)
      case .separated(let limit, _), .retried(_, _, _, .some(let limit), _, _):
        companyLimits[settlement.sequence] = min(limit, companyLimits[settlement.sequence] ?? limit)
      case .retried, .failed, .passedOver: break
      }
    }
  }

  /// Returns the promise that `delivery` breaks.
  func broken(by delivery: Delivery, besides underWay: Int) -> String? {
    for write in delivery.writes {
      if delivered.contains(write.sequence) { return "\(write.write.key) is sent again after its delivery was settled" }
      if let limit = companyLimits[write.sequence], delivery.sessions.count > max(1, limit) || (limit == 0 && delivery.writes.count > 1) {
        return "\(write.write.key) travels with \(delivery.sessions.count) sessions again, and was refused so: at most \(limit) are right"
      }
    }
    return underWay < window ? nil : "\(underWay + 1) requests are under way after a trouble, and the window is \(window)"
  }
}
