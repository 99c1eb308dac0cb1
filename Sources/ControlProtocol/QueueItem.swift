package import ProgressModel

/// One write in the queue, as its owner sees it.
package struct QueueItem: Hashable, Codable, Sendable {
  /// Names the entry: never used again, and another one for a newer write of the key.
  package var id: Int64
  /// `complete-p1-1-3`: what is written, and to which session.
  package var key: String
  package var state: State
  /// How often the write has been tried in vain so far, quick retries only.
  package var attempts: Int
  /// How many quick retries follow the first failure before the write is parked.
  package var maximumAttempts: Int
  package var acceptedAt: Timestamp
  /// Since when the key waits: of several changes that were made before one was sent, the first.
  package var waitingSince: Timestamp
  /// nil for what has failed: nothing happens to it by itself.
  package var nextAttemptAt: Timestamp?
  /// The status of the last answer; nil when there was none.
  package var lastStatus: Int?
  /// Why the last attempt failed, in the words of the server or the network; nil before the first failure.
  package var lastError: String?
  /// The user id of whoever dropped it.
  package var sender: UInt32
  /// The user with whose own token it goes out; nil: with the common one.
  package var account: UInt32?
  /// When it was done, by the client's own word or else the drop.
  package var recordedAt: Timestamp?
  /// What is written, as JSON; nil for a row that is unreadable.
  package var value: String?

  /// Names that scripts see, and which therefore stay.
  package enum State: String, CaseIterable, Codable, Sendable {
    case waiting
    case retrying
    case parked
    case failed
  }

  package init(
    id: Int64, key: String, state: State, attempts: Int, maximumAttempts: Int, acceptedAt: Timestamp, waitingSince: Timestamp? = nil,
    nextAttemptAt: Timestamp?, lastStatus: Int? = nil, lastError: String? = nil, sender: UInt32 = 0, account: UInt32? = nil,
    recordedAt: Timestamp? = nil, value: String? = nil
  ) {
    (self.id, self.key, self.state, self.attempts, self.maximumAttempts) = (id, key, state, attempts, maximumAttempts)
    (self.acceptedAt, self.nextAttemptAt, self.lastStatus, self.lastError) = (acceptedAt, nextAttemptAt, lastStatus, lastError)
    (self.waitingSince, self.sender, self.account) = (waitingSince ?? acceptedAt, sender, account)
    (self.recordedAt, self.value) = (recordedAt, value)
  }

  private enum CodingKeys: String, CodingKey {
    case id, key, state, attempts, value
    case maximumAttempts = "max_attempts"
    case acceptedAt = "accepted_at"
    case waitingSince = "waiting_since"
    case nextAttemptAt = "next_attempt_at"
    case lastStatus = "last_status"
    case lastError = "last_error"
    case sender = "sender_uid"
    case account = "account_uid"
    case recordedAt = "recorded_at"
  }
}

/// What is to be listed; a list that is empty narrows nothing down.
package struct QueueFilter: Hashable, Sendable {
  package var states: Set<QueueItem.State> = []
  package var keys: Set<String> = []
  package var ids: Set<Int64> = []

  package init(states: Set<QueueItem.State> = [], keys: Set<String> = [], ids: Set<Int64> = []) {
    (self.states, self.keys, self.ids) = (states, keys, ids)
  }
}
