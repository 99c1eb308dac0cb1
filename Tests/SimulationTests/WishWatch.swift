import ProgressModel
import SyncPolicy

/// What people have done to the queue, and what must not happen after it.
struct WishWatch {
  /// The orders of the writes that were discarded.
  private(set) var discarded: Set<Int> = []
  /// Ids under which the API has refused a write that a person has retried since.
  private var refused: Set<String> = []
  /// Until when at least nothing may be sent, in virtual time; nil: at once.
  private(set) var suspendedUntil: Int?
  /// What had been dropped when somebody asked to clear everything.
  var clearing: Clearing?

  struct Clearing {
    let sender: UInt32?
    let drops: Int
  }

  mutating func note(discarded order: Int) { discarded.insert(order) }
  mutating func note(refused id: String) { refused.insert(id) }
  mutating func noteSuspension(until instant: Int?) { suspendedUntil = instant }

  /// A wait that is measured by a clock ends early when that is set forward, but not for one that has no end.
  mutating func noteClockStep(by step: Int) {
    if step > 0, let until = suspendedUntil, until < .max { suspendedUntil = until - step }
  }

  /// Returns the promise that `delivery` breaks.
  func broken(by delivery: Delivery, orders: [Int], at instant: Int) -> String? {
    if let suspendedUntil, instant < suspendedUntil { return "\(delivery.call.path) is called while sending is suspended" }
    if let write = delivery.writes.first(where: { refused.contains($0.id) }) {
      return "\(write.write.key) is asked again under the id that was refused"
    }
    return orders.contains(where: discarded.contains) ? "\(delivery.call) carries what was discarded" : nil
  }
}
