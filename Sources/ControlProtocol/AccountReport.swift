package import ProgressModel

/// How the API takes what goes out with a user's own token; nobody else's is concerned.
package struct AccountReport: Hashable, Codable, Sendable {
  package var uid: UInt32
  /// The user's name; nil where the system has none.
  package var user: String?
  package var state: State
  /// What it is held for; nil where it is not.
  package var cause: Cause?
  /// How many entries of the queue are to go out with it, in whatever state; nil from daemons that did not tell.
  package var entries: Int?
  /// Since when; nil where that is not known.
  package var since: Timestamp?
  /// Why it is held, in the words of the API or of the daemon.
  package var reason: String?
  /// The status of the answer that holds it; nil where there was none.
  package var status: Int?
  /// When it is tried next by itself; nil when only a person can end it.
  package var nextProbeAt: Timestamp?
  /// What a person has to do; nil where nothing is wrong.
  package var remedy: String?

  /// Names that scripts see, and which therefore stay.
  package enum State: String, CaseIterable, Codable, Sendable {
    /// Nothing is known against it.
    case open
    /// What the user dropped waits for a token that the API accepts.
    case held
  }

  /// As `State`.
  package enum Cause: String, CaseIterable, Codable, Sendable {
    /// There is no token for the user.
    case missing
    /// What there is cannot be used, so that the API is not asked.
    case unusable
    /// The API does not accept it.
    case refused
  }

  package init(
    uid: UInt32, user: String? = nil, state: State, cause: Cause? = nil, entries: Int? = nil, since: Timestamp? = nil,
    reason: String? = nil,
    status: Int? = nil, nextProbeAt: Timestamp? = nil, remedy: String? = nil
  ) {
    (self.uid, self.user, self.state, self.cause, self.entries) = (uid, user, state, cause, entries)
    (self.since, self.reason) = (since, reason)
    (self.status, self.nextProbeAt, self.remedy) = (status, nextProbeAt, remedy)
  }

  private enum CodingKeys: String, CodingKey {
    case uid, user, state, cause, entries, since, reason, status, remedy
    case nextProbeAt = "next_probe_at"
  }
}
