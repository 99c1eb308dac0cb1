import CrashPoints
import GRDB
package import ProgressModel
package import SyncPolicy

/// The fate of one write, to be made true in the queue.
package struct Settlement: Hashable, Sendable {
  package let sequence: Int64
  package let fate: Fate
  /// What the attempt was taken for; nil when it is not to be counted.
  package let verdict: FailureVerdict?

  /// Whether the attempt got no answer at all, so that only the API's trouble puts the write off.
  var isPutOff: Bool { verdict == .unreachable }

  package init(sequence: Int64, fate: Fate, verdict: FailureVerdict? = nil) {
    (self.sequence, self.fate, self.verdict) = (sequence, fate, verdict)
  }
}

extension QueueTotals {
  fileprivate mutating func count(_ settlement: Settlement) {
    switch settlement.fate {
    case .delivered: delivered += 1
    case .failed: refused += 1
    case .retried, .separated, .passedOver:
      switch settlement.verdict {
      case .deferred: deferred += 1
      case .throttled: throttled += 1
      case .unreachable: unreachable += 1
      case .unauthorized: unauthorized += 1
      case .unsupported: unsupported += 1
      case .delivered, .rejected, nil: break
      }
    }
  }
}

extension SyncStore {
  /// Settles attempts, all in one transaction. A write that a newer one replaced meanwhile has no row any more, and its
  /// settlement changes nothing: that is how the newer one is neither lost nor sent early.
  ///
  /// Returns the sequences whose rows were still there. `pause` is what the API asks for at present; it outlives the daemon.
  package func settle(_ settlements: [Settlement], pause: EndpointHealth.Pause?, now: Timestamp) throws -> Set<Int64> {
    try settlingTransaction { database in
      try Self.keep(pause, in: database)
      var current: Set<Int64> = []
      var totals = QueueTotals()
      for settlement in settlements where try Self.apply(settlement, now: now, in: database) {
        current.insert(settlement.sequence)
        totals.count(settlement)
        CrashPoint.settlingOne.reach()
      }
      try totals.add(in: database)
      if settlements.contains(where: { $0.fate == .delivered }) {
        try database.cachedStatement(sql: "UPDATE last_sync SET at_ms = ?").execute(arguments: [now.milliseconds])
      }
      return current
    }
  }

  /// What the API asked for before; nil when it was content at last.
  package func pause() throws -> EndpointHealth.Pause? {
    try reading { database in
      guard let row = try Row.fetchOne(database, sql: "SELECT * FROM pause WHERE until_ms IS NOT NULL") else { return nil }
      let until = Timestamp(milliseconds: row["until_ms"])
      return EndpointHealth.Pause(until: until, length: .milliseconds(row["length_ms"] as Int64), reason: row["reason"])
    }
  }

  private static func keep(_ pause: EndpointHealth.Pause?, in database: Database) throws {
    let keep = try database.cachedStatement(
      sql: "UPDATE pause SET until_ms = ?1, length_ms = ?2, reason = ?3 WHERE until_ms IS NOT ?1 OR length_ms IS NOT ?2 OR reason IS NOT ?3"
    )
    try keep.execute(arguments: [pause?.until.milliseconds, pause?.length.inMilliseconds, pause?.reason])
  }

  /// How many rows one transaction changes at most where a million may have to be: some tenths of a second.
  package static let rowsPerStep = 20_000

  /// Makes everything due now, whatever it waits for. `pause` is what the API asks for in spite of it, in place of what it asked for before.
  ///
  /// Returns whether there is more to do: it goes by steps of 20 000 rows, one account after the other, those that are due first at first.
  package func flush(pause: EndpointHealth.Pause?, now: Timestamp) throws -> Bool {
    try settlingTransaction { database in
      try Self.keep(pause, in: database)
      return try Self.hasten(to: now, where: "TRUE", in: database)
    }
  }

  /// Makes due at `instant` what would be later; returns whether there is more of it.
  private static func hasten(to instant: Timestamp, where condition: String, in database: Database) throws -> Bool {
    try inSteps(of: nil, in: database) { account, limit in
      let hasten = try database.cachedStatement(
        sql: """
          UPDATE writes SET due_at_ms = ?1 WHERE sequence IN
            (SELECT sequence FROM writes WHERE account = ?2 AND due_at_ms > ?1 AND \(condition) ORDER BY due_at_ms LIMIT ?3)
          """)
      try hasten.execute(arguments: [instant.milliseconds, account.column, limit])
    }
  }

  /// Changes at most `rowsPerStep` rows, of one account after the other; returns whether there are more of them. `account`: nil for all.
  private static func inSteps(
    of account: Account?, in database: Database, change: (_ account: Account, _ limit: Int) throws -> Void
  ) throws -> Bool {
    var room = rowsPerStep
    for account in try account.map({ [$0] }) ?? rowsByAccount(in: database).keys.sorted() {
      try change(account, room)
      room -= database.changesCount
      if room <= 0 { return true }
    }
    return false
  }

  /// Makes everything of an account due that only the API's own trouble put off, or a refused token: it is over. nil: of all accounts. Returns
  /// whether there is more to do, as `flush` does.
  package func releasePutOff(of account: Account?, now: Timestamp) throws -> Bool {
    try settlingTransaction { database in
      try Self.inSteps(of: account, in: database) { account, limit in
        let release = try database.cachedStatement(
          sql: """
            UPDATE writes SET due_at_ms = min(due_at_ms, ?1), is_put_off = 0 WHERE sequence IN
              (SELECT sequence FROM writes WHERE account = ?2 AND is_put_off ORDER BY due_at_ms, sequence LIMIT ?3)
            """)
        try release.execute(arguments: [now.milliseconds, account.column, limit])
      }
    }
  }

  /// Brings due times back within reach after the clock was set back: of a write that was not tried yet within
  /// `longestDebounce` of `now`, of any other within `longestWait`. Returns whether there is more to do, as `flush` does.
  package func clampDueTimes(now: Timestamp, longestDebounce: Duration, longestWait: Duration) throws -> Bool {
    try settlingTransaction { database in
      let untried = try Self.hasten(to: now + longestDebounce, where: "state = 'waiting'", in: database)
      let tried = try Self.hasten(to: now + longestWait, where: "state <> 'waiting'", in: database)
      return untried || tried
    }
  }

  /// Forgets clients' ids of actions that were accepted before an instant, and what was discarded before another, at most 20 000 keys.
  package func forget(actionIDsBefore acceptance: Timestamp, discardsBefore discard: Timestamp) throws {
    try transaction { database in
      let forgetIDs = try database.cachedStatement(
        sql: "DELETE FROM client_actions WHERE sender_uid IN (SELECT sender_uid FROM client_action_tallies) AND accepted_at_ms < ?")
      try forgetIDs.execute(arguments: [acceptance.milliseconds])
      let key = "account, \(Self.keyColumns)"
      let forgetDiscards = try database.cachedStatement(
        sql: """
          DELETE FROM discards WHERE (\(key)) IN (SELECT \(key) FROM discards WHERE discarded_at_ms < ? LIMIT \(Self.rowsPerStep))
          """)
      try forgetDiscards.execute(arguments: [discard.milliseconds])
      // Who has nothing any more, so that nobody's id is kept for ever.
      try database.execute(sql: "DELETE FROM senders WHERE number = 0; DELETE FROM client_action_tallies WHERE number = 0")
    }
  }

  /// Forgets the receipts of what was accepted before `instant`, but for those of `claims`: their files can be seen again, and a clock
  /// that was set forward makes the newest receipt old.
  package func forgetReceipts(before instant: Timestamp, except claims: Set<String>) throws {
    try transaction { database in
      let old = try database.cachedStatement(sql: "SELECT claim FROM receipts WHERE accepted_at_ms < ?")
      let forget = try database.cachedStatement(sql: "DELETE FROM receipts WHERE claim = ?")
      for claim in try String.fetchAll(old, arguments: [instant.milliseconds]) where !claims.contains(claim) {
        try forget.execute(arguments: [claim])
      }
    }
  }

  /// Keeps a row that is unreadable out of the way of all others; a person finds it among the failed ones.
  package func setAside(unreadable sequence: Int64) throws {
    try settlingTransaction { database in
      try database.execute(
        sql: """
          UPDATE writes SET state = 'failed', due_at_ms = NULL, is_put_off = 0, last_reason = 'the row is unreadable' WHERE sequence = ?
          """, arguments: [sequence])
    }
  }

  private static func apply(_ settlement: Settlement, now: Timestamp, in database: Database) throws -> Bool {
    let sequence = settlement.sequence
    switch settlement.fate {
    case .delivered:
      try database.cachedStatement(sql: "DELETE FROM writes WHERE sequence = ?").execute(arguments: [sequence])
    case .retried(let dueAt, let failures, let state, let companyLimit, let status, let reason):
      let retry = try database.cachedStatement(
        sql: """
          UPDATE writes SET state = ?, due_at_ms = ?, failures = ?, is_put_off = ?, last_status = ?, last_reason = ?,
            company_limit = \(Self.smallerLimit("?7")) WHERE sequence = ?8
          """)
      try retry.execute(arguments: [
        state.rawValue, dueAt.milliseconds, failures, settlement.isPutOff, status, reason, companyLimit, sequence,
      ])
    case .separated(let companyLimit, let reason):
      let separate = try database.cachedStatement(
        sql: """
          UPDATE writes SET due_at_ms = min(due_at_ms, ?1), is_put_off = 0, last_reason = ?2,
            company_limit = \(Self.smallerLimit("?3")) WHERE sequence = ?4
          """)
      try separate.execute(arguments: [now.milliseconds, reason, companyLimit, sequence])
    case .failed(let status, let reason):
      let fail = try database.cachedStatement(
        sql: """
          UPDATE writes SET state = 'failed', due_at_ms = NULL, failures = failures + 1, is_put_off = 0, last_status = ?,
            last_reason = ? WHERE sequence = ?
          """)
      try fail.execute(arguments: [status, reason, sequence])
    case .passedOver(let until):
      let passOver = try database.cachedStatement(
        sql: "UPDATE writes SET due_at_ms = max(due_at_ms, ?), is_put_off = 1 WHERE sequence = ?")
      try passOver.execute(arguments: [until.milliseconds, sequence])
    }
    return database.changesCount > 0
  }

  /// A limit never grows, and NULL is none.
  private static func smallerLimit(_ parameter: String) -> String {
    "coalesce(min(company_limit, \(parameter)), company_limit, \(parameter))"
  }
}
