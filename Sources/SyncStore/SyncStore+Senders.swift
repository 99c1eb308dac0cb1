import GRDB
package import SyncPolicy

/// What one user has in the queue, in whatever state and account.
package struct SenderHoldings: Hashable, Sendable {
  package var rows = 0
  /// Of their values, in UTF-8.
  package var bytes = 0

  package init(rows: Int = 0, bytes: Int = 0) {
    (self.rows, self.bytes) = (rows, bytes)
  }
}

extension SyncStore {
  /// What each user has in the queue; who has nothing there is missing. The time grows with the number of users, not with the queue.
  package func holdings() throws -> [UInt32: SenderHoldings] {
    try reading { database in
      let statement = try database.cachedStatement(
        sql: "SELECT sender_uid, sum(number) AS number, sum(bytes) AS bytes FROM senders WHERE number > 0 GROUP BY sender_uid")
      return try Row.fetchAll(statement).reduce(into: [:]) { holdings, row in
        holdings[row.sender] = SenderHoldings(rows: row["number"], bytes: row["bytes"])
      }
    }
  }

  /// How many rows each account has in the queue, in whatever state; one that has none is missing. As quick as `holdings`.
  package func rowsByAccount() throws -> [Account: Int] {
    try reading { try Self.rowsByAccount(in: $0) }
  }

  static func rowsByAccount(in database: Database) throws -> [Account: Int] {
    let statement = try database.cachedStatement(
      sql: "SELECT account, sum(number) AS number FROM senders WHERE number > 0 GROUP BY account")
    return try Row.fetchAll(statement).reduce(into: [:]) { $0[$1.account] = $1["number"] }
  }
}
