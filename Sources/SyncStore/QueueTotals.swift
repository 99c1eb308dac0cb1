import GRDB

/// What has happened to writes since the queue was made, counted in the very transactions that did it: over crashes and restarts,
/// `accepted` is `delivered + superseded + discarded + lost` and what stands in the queue.
package struct QueueTotals: Hashable, Sendable {
  /// Writes that files were made of; what was dropped before under the same id is none.
  package var accepted = 0
  /// Never delivered as far as is known, because a newer write of the key took the place, or one that was recorded later kept it.
  package var superseded = 0
  package var delivered = 0
  /// Taken out of the queue by a person.
  package var discarded = 0
  /// Missing after a damaged queue was rescued.
  package var lost = 0
  /// How often the API refused a write for good, so that it stands among the failed ones.
  package var refused = 0
  /// How often a write was part of an attempt that was taken for that, and stayed in the queue.
  package var deferred = 0
  package var throttled = 0
  package var unreachable = 0
  package var unauthorized = 0
  package var unsupported = 0

  package init() {}

  /// The columns of the table, in their order.
  static var columns: [(name: String, path: WritableKeyPath<QueueTotals, Int>)] {
    [
      ("accepted", \.accepted), ("superseded", \.superseded), ("delivered", \.delivered), ("discarded", \.discarded), ("lost", \.lost),
      ("refused", \.refused), ("deferred", \.deferred), ("throttled", \.throttled), ("unreachable", \.unreachable),
      ("unauthorized", \.unauthorized), ("unsupported", \.unsupported),
    ]
  }

  private static let addition =
    "UPDATE totals SET " + columns.map { "\($0.name) = \($0.name) + ?" }.joined(separator: ", ")
}

extension QueueTotals {
  /// Adds them to what is counted, in the transaction that makes them true; nothing costs nothing.
  func add(in database: Database) throws {
    guard self != QueueTotals() else { return }
    let arguments = StatementArguments(Self.columns.map { self[keyPath: $0.path] })
    try database.cachedStatement(sql: Self.addition).execute(arguments: arguments)
  }
}

extension SyncStore {
  package func totals() throws -> QueueTotals {
    try reading { database in
      var totals = QueueTotals()
      guard let row = try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM totals")) else { return totals }
      for column in QueueTotals.columns { totals[keyPath: column.path] = row[column.name] }
      return totals
    }
  }
}
