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

  /// How many writes the queue has ever taken in: each gets a sequence of its own.
  func acceptedWrites() throws -> Int {
    let path = directory.appending(path: "state/queue.sqlite").path
    return try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'writes'") ?? 0 }
  }
}
