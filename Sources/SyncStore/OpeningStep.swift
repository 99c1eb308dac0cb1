import GRDB
import GRDBSQLite

/// What opening a queue is at, where that takes long.
package enum OpeningStep: Hashable, Sendable {
  /// An older version's tables are brought to this version's.
  case migrating
  /// What can be read in a damaged queue is copied into a fresh one.
  case rescuing
}

/// Is told each time that some more of a step is done, on the thread that does it: never while the step stands still.
package typealias OpeningObserver = @Sendable (OpeningStep) -> Void

extension DatabaseQueue {
  /// So many instructions of SQLite's virtual machine take about a millisecond.
  private static let instructionsPerCall: CInt = 20_000

  /// Does `work` on this database, and calls `observer` as SQLite gets on with it (<https://www.sqlite.org/c3ref/progress_handler.html>).
  ///
  /// Silent are the waits for another's lock, and the end of a commit, in which the disk works. Throws what `work` throws.
  func observed<Value>(at step: OpeningStep, by observer: @escaping OpeningObserver, during work: () throws -> Value) rethrows -> Value {
    let witness = Witness(step, observer)
    inDatabase { database in
      sqlite3_progress_handler(
        database.sqliteConnection, Self.instructionsPerCall,
        { witness in
          if let witness { Unmanaged<Witness>.fromOpaque(witness).takeUnretainedValue().tell() }
          return 0
        }, Unmanaged.passUnretained(witness).toOpaque())
    }
    defer {
      inDatabase { sqlite3_progress_handler($0.sqliteConnection, 0, nil, nil) }
      withExtendedLifetime(witness) {}
    }
    return try work()
  }
}

/// What SQLite's call leads to.
private final class Witness {
  private let step: OpeningStep
  private let observer: OpeningObserver

  init(_ step: OpeningStep, _ observer: @escaping OpeningObserver) {
    (self.step, self.observer) = (step, observer)
  }

  func tell() { observer(step) }
}
