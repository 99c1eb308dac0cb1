import Foundation
import GRDB

extension Workstation {
  /// Whether everything that was dropped has been delivered: looked for along its way, so that nothing slips past.
  func isDone() throws -> Bool {
    try files(in: "incoming").isEmpty && files(in: "claimed").isEmpty && pending() == 0
  }

  /// How many writes stand in the daemon's queue, running or not.
  func pending() throws -> Int {
    let path = directory.appending(path: "state/queue.sqlite").path
    return try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM writes") ?? 0 }
  }

  /// The sequences of a user's writes that stand in it.
  func sequences(of user: uid_t) throws -> [Int] {
    let path = directory.appending(path: "state/queue.sqlite").path
    return try DatabaseQueue(path: path).read {
      try Int.fetchAll($0, sql: "SELECT sequence FROM writes WHERE sender_uid = ? ORDER BY sequence", arguments: [user])
    }
  }

  /// How many writes the queue has ever taken in: each gets a sequence of its own.
  func acceptedWrites() throws -> Int {
    let path = directory.appending(path: "state/queue.sqlite").path
    return try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'writes'") ?? 0 }
  }

  /// How many writes the queue has counted as accepted; nil when that is not the sum of what it has counted them as since, and what stands in it.
  func countedWrites() throws -> Int? {
    let path = directory.appending(path: "state/queue.sqlite").path
    let sum = "superseded + delivered + discarded + lost + (SELECT count(*) FROM writes)"
    return try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT accepted FROM totals WHERE accepted = \(sum)") }
  }

  /// How many attempts have been counted against each write that stands in the queue, in the order of acceptance.
  func failures() throws -> [Int] {
    let path = directory.appending(path: "state/queue.sqlite").path
    return try DatabaseQueue(path: path).read { try Int.fetchAll($0, sql: "SELECT failures FROM writes ORDER BY sequence") }
  }

  /// Makes everything in the queue look as if it had become due a minute ago; the daemon must not be running.
  func age() throws {
    let path = directory.appending(path: "state/queue.sqlite").path
    let dueAt = Int64(Date.now.timeIntervalSince1970 - 60) * 1_000
    try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE writes SET due_at_ms = ?", arguments: [dueAt]) }
  }
}
