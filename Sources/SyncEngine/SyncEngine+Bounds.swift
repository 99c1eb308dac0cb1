import ProgressModel
import Spool
import SyncPolicy
import SyncStore

/// What each user may have in the spool and the queue.
extension SyncEngine {
  /// Lets the spool take in of each sender what there is room for, and says who has come to a bound, or left it.
  ///
  /// What is counted is durable, so a restart comes to the same. While nothing waits, nothing is counted.
  mutating func bound(now: Timestamp, _ turn: inout Turn) throws {
    let waiting = spool.waitingSenders
    guard !waiting.isEmpty || spool.nextLook != nil || !boundsOfSenders.isEmpty else { return }
    let uses = try uses()
    let bounds = settings.bounds
    spool.allowance = IntakeAllowance(of: uses.mapValues { bounds.room(besides: $0) }, others: bounds.room(besides: SenderUse()))
    for sender in waiting.sorted() where boundsOfSenders[sender] == nil {
      guard let bound = bounds.reached(by: uses[sender] ?? SenderUse()) else { continue }
      let reached = ReachedBound(sender: sender, bound: bound, limit: bounds[bound], since: now)
      boundsOfSenders[sender] = reached
      turn.events.append(.boundReached(reached))
    }
    for reached in reachedBounds
    where !waiting.contains(reached.sender) && bounds.isClear(of: uses[reached.sender] ?? SenderUse()) {
      boundsOfSenders[reached.sender] = nil
      turn.events.append(.boundLeft(reached))
    }
  }

  private func uses() throws -> [UInt32: SenderUse] {
    var uses = try store.holdings().mapValues { SenderUse(keys: $0.rows, bytes: $0.bytes) }
    for (sender, files) in try spool.countRejected() { uses[sender, default: SenderUse()].files = files }
    return uses
  }
}
