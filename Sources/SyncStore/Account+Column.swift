import GRDB
import SyncPolicy

extension Account {
  /// The column `account`.
  var column: Int64 {
    switch self {
    case .common: -1
    case .user(let id): Int64(id)
    }
  }

  init(column: Int64) {
    self = column < 0 ? .common : .user(UInt32(truncatingIfNeeded: column))
  }
}

extension Row {
  /// The column `account`.
  var account: Account { Account(column: self["account"]) }

  /// The column `sender_uid`.
  var sender: UInt32 { UInt32(truncatingIfNeeded: self["sender_uid"] as Int64) }
}
