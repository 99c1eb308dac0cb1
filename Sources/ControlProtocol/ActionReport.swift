/// What has become of a dropped action.
package struct ActionReport: Hashable, Codable, Sendable {
  package var state: State
  /// Why it failed, or what it waits for; nil when there is nothing to say.
  package var reason: String?

  /// Names that scripts see, and which therefore stay.
  package enum State: String, CaseIterable, Codable, Sendable {
    /// No action of the caller with this id has been accepted.
    case unknown
    /// It is durable, and a write of its keys that the caller may see, its own or a newer one, is still to be delivered.
    case accepted
    /// Nothing stands in the queue for its keys any more that the caller may see: the API has taken it, or a newer write of another user has
    /// taken its place, which is nobody else's business.
    case synced
    /// The API has refused a write of its keys that the caller may see.
    case failed
    /// A person has taken a write of its keys out of the queue that the caller may see.
    case discarded
  }

  package init(state: State, reason: String? = nil) {
    (self.state, self.reason) = (state, reason)
  }
}
