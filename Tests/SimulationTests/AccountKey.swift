import ProgressModel
import SyncPolicy

/// What has one row in the queue, and one value on the server.
struct AccountKey: Hashable, CustomStringConvertible {
  let account: Account
  let key: WriteKey

  init(_ key: WriteKey, of account: Account) {
    (self.account, self.key) = (account, key)
  }

  var session: AccountSession { AccountSession(key.session, of: account) }

  var description: String {
    switch account {
    case .common: "\(key)"
    case .user(let id): "\(key) of user \(id)"
    }
  }
}

extension Delivery {
  var accountSessions: [AccountSession] { sessions.map { AccountSession($0, of: account) } }
}
