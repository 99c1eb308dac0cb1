package import ProgressModel

/// Why nothing goes out with the token of an account, but a probe now and then. It waits for a person; nothing is lost.
package struct Hold: Hashable, Sendable {
  package let since: Timestamp
  package let cause: Cause
  /// For people.
  package let reason: String
  /// When one request tries again, in case it was the server's mistake; nil: not before there is a token.
  package internal(set) var probeAt: Timestamp?

  package enum Cause: Hashable, Sendable {
    /// The account is a user's who has no token now.
    case noToken
    /// The API does not know the token, or forbids what was asked with it: 401, 403.
    case refused(status: Int)
  }

  package init(since: Timestamp, cause: Cause, reason: String, probeAt: Timestamp? = nil) {
    (self.since, self.cause, self.reason, self.probeAt) = (since, cause, reason, probeAt)
  }

  /// What the API answered; nil when it was not asked.
  package var status: Int? {
    if case .refused(let status) = cause { status } else { nil }
  }
}
