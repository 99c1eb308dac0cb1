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
    /// The user has one that cannot be used, so that the API is not asked.
    case unusableToken
    /// The API does not know the token, or forbids what was asked with it: 401, 403.
    case refused(status: Int)
  }

  package init(since: Timestamp, cause: Cause, reason: String, probeAt: Timestamp? = nil) {
    (self.since, self.cause, self.reason, self.probeAt) = (since, cause, reason, probeAt)
  }

  /// What the API answered; nil when it was not asked, for want of a token.
  package var status: Int? {
    if case .refused(let status) = cause { status } else { nil }
  }
}

extension Hold.Cause {
  package func isOfSameKind(as other: Self) -> Bool {
    switch (self, other) {
    case (.noToken, .noToken), (.unusableToken, .unusableToken), (.refused, .refused): true
    case (.noToken, _), (.unusableToken, _), (.refused, _): false
    }
  }
}

/// What there is of an account's token, before the API has its say.
package enum TokenPresence: Hashable, Sendable {
  /// A token; or nothing at all, where the common one may be missing.
  case usable
  /// Something in the place of a token; the reason is for people.
  case unusable(reason: String)
  case absent
}
