package import ProgressModel

/// What stands in the queue, in the order of acceptance.
package struct QueueReport: Hashable, Sendable {
  /// What is still to be delivered without anybody's doing.
  package var items: [QueueItem]
  /// What the API has refused: kept until a newer write of its key or a person decides.
  package var failed: [QueueItem]

  package init(items: [QueueItem] = [], failed: [QueueItem] = []) {
    (self.items, self.failed) = (items, failed)
  }

  /// Gives the report to `write` as JSON, piece by piece: as one text, that of a long queue would take more memory than the report.
  package func writeJSON(_ write: (String) throws -> Void) rethrows {
    try write("{\"pending\":\(items.count),\"items\":[")
    try Self.writeJSON(items, write)
    try write("],\"failed\":[")
    try Self.writeJSON(failed, write)
    try write("]}")
  }

  private static func writeJSON(_ items: [QueueItem], _ write: (String) throws -> Void) rethrows {
    for (index, item) in items.enumerated() {
      try write((index > 0 ? "," : "") + item.json.serialized)
    }
  }
}

/// One write in the queue, as those see it who ask the daemon.
package struct QueueItem: Hashable, Sendable {
  /// `complete-p1-1-3`: what is written, and to which session.
  package var key: String
  package var state: State
  /// How often the write has been tried in vain so far.
  package var attempts: Int
  /// How many quick retries follow the first failure before the write is parked.
  package var maximumAttempts: Int
  package var acceptedAt: Timestamp
  /// nil for what has failed: nothing happens to it by itself.
  package var nextAttemptAt: Timestamp?
  /// The status of the last answer; nil when there was none.
  package var lastStatus: Int?
  /// Why the last attempt failed, in the words of the server or the network; nil before the first failure.
  package var lastError: String?

  /// Names that scripts see, and which therefore stay.
  package enum State: String, CaseIterable, Sendable {
    case waiting
    case retrying
    case parked
    case failed
  }

  package init(
    key: String, state: State, attempts: Int, maximumAttempts: Int, acceptedAt: Timestamp, nextAttemptAt: Timestamp?,
    lastStatus: Int? = nil,
    lastError: String? = nil
  ) {
    (self.key, self.state, self.attempts, self.maximumAttempts) = (key, state, attempts, maximumAttempts)
    (self.acceptedAt, self.nextAttemptAt, self.lastStatus, self.lastError) = (acceptedAt, nextAttemptAt, lastStatus, lastError)
  }

  var json: JSONValue {
    .object([
      "key": .string(key),
      "state": .string(state.rawValue),
      "attempts": .integer(attempts),
      "max_attempts": .integer(maximumAttempts),
      "accepted_at": .string(acceptedAt.rfc3339),
      "next_attempt_at": nextAttemptAt.json,
      "last_status": lastStatus.map { .integer($0) } ?? .null,
      "last_error": lastError.map { .string($0) } ?? .null,
    ])
  }
}

extension Timestamp? {
  /// The instant as RFC 3339, or null.
  var json: JSONValue { map { .string($0.rfc3339) } ?? .null }
}
