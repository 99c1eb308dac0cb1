/// Something that the daemon is asked to do. Each is a POST to its own path; what it has no fields for is an empty object, or no body.
///
/// The daemon answers when it is done, and durable where it changes the queue. Whoever may connect may send one: what it may touch is
/// what the caller has dropped; root, and the user that the daemon runs as, may touch everything.
package enum ControlCommand: Hashable, Sendable {
  /// Sends everything now, whatever it waits for. From root, a pause that the API asked for is broken too.
  case flush
  /// Tries these again now; of what has failed, with a new idempotency key, so that an API that remembers its refusal is asked anew.
  case retry(EntryChoice)
  /// Takes these out of the queue, undelivered.
  case discard(EntryChoice)
  /// Sends nothing until `resume`, or for this long, over restarts too; actions are still accepted. For root and the daemon's user.
  case pause(for: String?)
  /// For root and the daemon's user.
  case resume
  /// Sets the log's level, for this long or until the next reload. For root and the daemon's user.
  case logLevel(String, for: String?)
  /// Reads the configuration again; answered when it is in force, or refused with every problem of it. For root and the daemon's user.
  case reload

  package enum Name: String, CaseIterable, Sendable {
    case flush
    case retry
    case discard
    case pause
    case resume
    case logLevel = "log-level"
    case reload
  }

  package var name: Name {
    switch self {
    case .flush: .flush
    case .retry: .retry
    case .discard: .discard
    case .pause: .pause
    case .resume: .resume
    case .logLevel: .logLevel
    case .reload: .reload
    }
  }
}

/// Entries of the queue that a command is about: all that it names.
package struct EntryChoice: Hashable, Codable, Sendable {
  package var ids: [Int64] = []
  package var keys: [String] = []
  /// All that have failed.
  package var allFailed = false
  /// Everything.
  package var all = false

  package init(ids: [Int64] = [], keys: [String] = [], allFailed: Bool = false, all: Bool = false) {
    (self.ids, self.keys, self.allFailed, self.all) = (ids, keys, allFailed, all)
  }

  private enum CodingKeys: String, CodingKey {
    case ids, keys, all
    case allFailed = "all_failed"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    ids = try container.decodeIfPresent([Int64].self, forKey: .ids) ?? []
    keys = try container.decodeIfPresent([String].self, forKey: .keys) ?? []
    allFailed = try container.decodeIfPresent(Bool.self, forKey: .allFailed) ?? false
    all = try container.decodeIfPresent(Bool.self, forKey: .all) ?? false
  }

  package var isEmpty: Bool { ids.isEmpty && keys.isEmpty && !allFailed && !all }
}

extension ControlCommand {
  /// What travels as the command's JSON.
  package struct Fields: Codable, Sendable {
    /// `2h`, `1m30s`: how long it holds.
    package var `for`: String?
    package var level: String?

    package init(for time: String? = nil, level: String? = nil) {
      (self.for, self.level) = (time, level)
    }
  }
}

/// What a command came to.
package struct CommandReport: Hashable, Codable, Sendable {
  /// How many entries or files it was done to; 0 where it is about none.
  package var changed: Int
  /// Ids, keys or names that were asked for and do not exist, or are not the caller's to see.
  package var missing: [String]
  /// Of each file that was found and left as it was: which, and why. nil when there is none.
  package var refused: [String]?
  /// One line for a person.
  package var message: String

  package init(changed: Int = 0, missing: [String] = [], refused: [String] = [], message: String) {
    (self.changed, self.missing, self.message) = (changed, missing, message)
    self.refused = refused.isEmpty ? nil : refused
  }
}
