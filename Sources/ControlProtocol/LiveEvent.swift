package import ProgressModel

/// Something that happened just now, as `progressctl watch` shows it.
package struct LiveEvent: Hashable, Codable, Sendable {
  package var at: Timestamp
  package var kind: Kind
  /// The line for a person.
  package var text: String
  package var id: Int64?
  package var key: String?
  package var program: String?
  package var sender: UInt32?
  /// How often the write has failed.
  package var attempt: Int?
  package var status: Int?
  package var reason: String?
  package var file: String?
  /// Of events that were left out.
  package var count: Int?

  /// Names that scripts see, and which therefore stay.
  package enum Kind: String, CaseIterable, Codable, Sendable {
    case accepted
    /// A newer write of the key has taken the place of an unsent one, or one that was recorded later stays.
    case superseded
    case sent
    case synced
    case retrying
    case parked
    /// Refused by the API.
    case failed
    /// Refused by the daemon: the file stands in `rejected/`.
    case rejected
    /// Taken out of the queue by a person.
    case discarded
    /// The API does not accept us.
    case held
    /// The API accepts us, or answers, again.
    case released
    case unreachable
    /// By a person, or by the API.
    case paused
    case resumed
    /// The disk.
    case storage
    /// So many events were left out, because the reader was too slow.
    case lost
  }

  package init(at: Timestamp, kind: Kind, text: String) {
    (self.at, self.kind, self.text) = (at, kind, text)
  }

  /// Whether it is about one entry or one file, and not about the daemon, the API or many entries at once.
  package var isAboutEntryOrFile: Bool { key != nil || file != nil || id != nil }

  private enum CodingKeys: String, CodingKey {
    case at, text, id, key, program, attempt, status, reason, file, count
    case kind = "event"
    case sender = "sender_uid"
  }
}
