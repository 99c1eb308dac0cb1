package import ProgressModel

/// Whose token a write goes out with: decided when it is accepted.
///
/// What was accepted for a user goes out with no other token: as long as there is none of his, it waits, and with it what he drops meanwhile.
package enum Account: Hashable, Sendable, Comparable {
  /// The token of the configuration, which is everybody's who has none of his own.
  case common
  /// The token of the user with this id.
  case user(UInt32)
}

/// A session of an account, which has at most one request under way: servers that create a session's row on the first write would create
/// two. The same session of another account is another one.
package struct AccountSession: Hashable, Sendable {
  package let account: Account
  package let session: Session

  package init(_ session: Session, of account: Account) {
    (self.account, self.session) = (account, session)
  }
}
