import GRDB
package import ProgressModel
package import SyncPolicy

/// What is to be listed; a set that is empty narrows nothing down.
package struct EntryFilter: Hashable, Sendable {
  package var states: Set<WriteState>
  /// As `WriteKey` spells them.
  package var keys: Set<String>
  package var sequences: Set<Int64>

  package init(states: Set<WriteState> = [], keys: Set<String> = [], sequences: Set<Int64> = []) {
    (self.states, self.keys, self.sequences) = (states, keys, sequences)
  }
}

/// What has become of an action that a client has given an id.
package enum ActionState: Hashable, Sendable {
  /// None of the sender's with this id has been accepted, or it was so long ago that its id is forgotten.
  case unknown
  /// A write of its keys, its own or a newer one, is still to be delivered; nil when no key was named.
  case accepted(QueueEntry?)
  /// The API has refused a write of its keys.
  case failed(QueueEntry)
  /// A person has taken a write of its keys out of the queue, and no newer one has been accepted.
  case discarded(by: UInt32)
  /// Nothing stands in the queue for its keys any more that the asker may see: the API has taken it, or a newer write that somebody else has
  /// dropped is in its place.
  case synced
}

extension SyncStore {
  /// A page of entries in the order of acceptance, beginning behind the one with the sequence `last`: empty only when there are no more.
  ///
  /// It goes by short statements: a reader that holds the log's state for long keeps it growing. What changes in between is seen or not.
  ///
  /// - Parameters:
  ///   - sender: Only what this user has dropped; nil: whoever dropped it.
  ///   - bytes: Of values. The entry with which they are reached is the page's last: one value can be as long as a file.
  package func entries(
    matching filter: EntryFilter = EntryFilter(), sender: UInt32?, after last: Int64 = 0, atMost limit: Int, bytes: Int = .max
  ) throws -> [QueueEntry] {
    var page = EntryPage(limit: limit, bytes: bytes)
    if filter.sequences.isEmpty, filter.keys.isEmpty {
      try scan(states: filter.states, sender: sender, after: last, &page)
      return page.entries
    }
    let named = filter.keys.isEmpty ? filter.sequences : Set(try filter.keys.flatMap { try sequences(spelled: $0) })
    let wanted = filter.keys.isEmpty || filter.sequences.isEmpty ? named : named.intersection(filter.sequences)
    for sequence in wanted.sorted() where sequence > last && !page.isFull {
      guard let entry = try entry(sequence), sender.map({ $0 == entry.sender }) ?? true,
        filter.states.isEmpty || filter.states.contains(entry.state)
      else { continue }
      page.append(entry)
    }
    return page.entries
  }

  /// The entry with this sequence; nil when there is none any more.
  package func entry(_ sequence: Int64) throws -> QueueEntry? {
    try reading { database in
      let statement = try database.cachedStatement(sql: "SELECT * FROM writes WHERE sequence = ?")
      return try Row.fetchOne(statement, arguments: [sequence]).map { QueueEntry(row: $0) }
    }
  }

  /// A few of those that have failed, the latest of them first.
  package func latestFailures(sender: UInt32?, atMost limit: Int) throws -> [QueueEntry] {
    try reading { database in
      // Two statements, as one has one plan.
      let isShown = sender == nil ? "?1 IS NULL" : "sender_uid = ?1"
      let statement = try database.cachedStatement(
        sql: "SELECT * FROM writes WHERE state = 'failed' AND \(isShown) ORDER BY sequence DESC LIMIT ?2")
      return try Row.fetchAll(statement, arguments: [sender, limit]).map { QueueEntry(row: $0) }
    }
  }

  private func sequences(spelled key: String) throws -> [Int64] {
    try reading { database in
      let statement = try database.cachedStatement(sql: "SELECT sequence FROM writes WHERE \(Self.isOfKey)")
      return try WriteKey.spelled(key).flatMap { try Int64.fetchAll(statement, arguments: $0.columns) }
    }
  }

  private func entries(spelled key: String, of account: Account) throws -> [QueueEntry] {
    try reading { database in
      let statement = try database.cachedStatement(sql: "SELECT * FROM writes WHERE \(Self.isOfKeyOfAccount)")
      return try WriteKey.spelled(key).compactMap { key in
        try Row.fetchOne(statement, arguments: [account.column] + key.columns).map { QueueEntry(row: $0) }
      }
    }
  }

  static var keyColumns: String { "program_id, week_number, day_number, field, exercise_id" }

  /// In one account: what that account's column and `WriteKey.columns` are the arguments of.
  static var isOfKeyOfAccount: String {
    "account = ? AND program_id = ? AND week_number = ? AND day_number = ? AND field = ? AND exercise_id = ?"
  }

  /// In whatever account: what `WriteKey.columns` are the arguments of.
  static var isOfKey: String {
    """
    account IN (SELECT account FROM senders) AND program_id = ? AND week_number = ? AND day_number = ? AND field = ? AND exercise_id = ?
    """
  }

  private func scan(states: Set<WriteState>, sender: UInt32?, after last: Int64, _ page: inout EntryPage) throws {
    let names = (states.isEmpty ? Set(WriteState.allCases) : states).map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
    let isListed = states == [.failed] ? "state = 'failed'" : states.isEmpty ? "TRUE" : "state IN (\(names))"
    let isScanned = states == [.failed] ? "state = 'failed'" : "TRUE"
    var after = last
    while !page.isFull, let end = try end(ofScanAfter: after, where: isScanned) {
      page = try reading { database in
        var page = page
        let statement = try database.cachedStatement(
          sql: """
            SELECT * FROM writes WHERE sequence > ?1 AND sequence <= ?2 AND \(isListed) AND (?3 IS NULL OR sender_uid = ?3)
            ORDER BY sequence
            """)
        let rows = try Row.fetchCursor(statement, arguments: [after, end, sender])
        while !page.isFull, let row = try rows.next() { page.append(QueueEntry(row: row)) }
        return page
      }
      after = end
    }
  }

  /// The last sequence of those that one statement may look at; nil when there are none left.
  private func end(ofScanAfter sequence: Int64, where condition: String) throws -> Int64? {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT max(sequence) FROM (SELECT sequence FROM writes WHERE sequence > ? AND \(condition) ORDER BY sequence LIMIT \(Self.rowsPerStep))
          """)
      return try Int64.fetchOne(statement, arguments: [sequence])
    }
  }

  /// What has become of an action, by what is durable.
  ///
  /// - Parameters:
  ///   - keys: Those that it writes, as `WriteKey` spells them. Nobody knows whether it does: they are the asker's word.
  ///   - user: Only by what this user has dropped, as if nothing else were there; nil: whoever dropped it.
  package func state(of id: ActionID, sender: UInt32, keys: [String], confinedTo user: UInt32?) throws -> ActionState {
    guard try isAccepted(id, sender: sender) else { return .unknown }
    // Before the discards: what leaves the queue in between is found there.
    let accounts = [Account.user(sender), .common]
    // What stands in his own account is his; in the common one a newer write of somebody else's may have taken the place.
    var entries: [QueueEntry] = []
    for account in accounts where entries.isEmpty {
      entries = try keys.flatMap { try self.entries(spelled: $0, of: account) }.filter { user == nil || $0.sender == user }
    }
    if let failed = entries.first(where: { $0.state == .failed }) { return .failed(failed) }
    for account in accounts {
      if let caller = try keys.lazy.compactMap({ try self.discarder(of: $0, of: account, droppedBy: user) }).first {
        return .discarded(by: caller)
      }
    }
    if let entry = entries.first { return .accepted(entry) }
    return keys.isEmpty ? .accepted(nil) : .synced
  }

  private func discarder(of key: String, of account: Account, droppedBy user: UInt32?) throws -> UInt32? {
    try reading { database in
      let sql = "SELECT by_uid FROM discards WHERE \(Self.isOfKeyOfAccount) AND (? IS NULL OR sender_uid = ?)"
      let statement = try database.cachedStatement(sql: sql)
      return try WriteKey.spelled(key).lazy.compactMap { key in
        try Int64.fetchOne(statement, arguments: [account.column] + key.columns + [user, user])
      }.first.map { UInt32(truncatingIfNeeded: $0) }
    }
  }
}

/// Entries that are held at once.
private struct EntryPage {
  private(set) var entries: [QueueEntry] = []
  private var room: (entries: Int, bytes: Int)

  init(limit: Int, bytes: Int) {
    room = (limit, bytes)
  }

  var isFull: Bool { room.entries <= 0 || room.bytes <= 0 }

  mutating func append(_ entry: QueueEntry) {
    entries.append(entry)
    room = (room.entries - 1, room.bytes - entry.value.utf8.count)
  }
}
