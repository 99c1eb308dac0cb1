package import ProgressModel

/// A file that the daemon has refused, as its owner sees it.
package struct RejectedFile: Hashable, Codable, Sendable {
  /// Its name in `rejected/`; control bytes, and what is no UTF-8, are escaped as `SpoolName` does it.
  package var name: String
  package var reason: String
  package var size: Int64
  package var rejectedAt: Timestamp?
  package var sender: UInt32

  package init(name: String, reason: String, size: Int64, rejectedAt: Timestamp?, sender: UInt32) {
    (self.name, self.reason, self.size, self.rejectedAt, self.sender) = (name, reason, size, rejectedAt, sender)
  }

  private enum CodingKeys: String, CodingKey {
    case name, reason, size
    case rejectedAt = "rejected_at"
    case sender = "sender_uid"
  }
}

/// Rejected files that a command is about.
package struct RejectedChoice: Hashable, Codable, Sendable {
  package var names: [String]
  package var all: Bool

  package init(names: [String] = [], all: Bool = false) {
    (self.names, self.all) = (names, all)
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    names = try container.decodeIfPresent([String].self, forKey: .names) ?? []
    all = try container.decodeIfPresent(Bool.self, forKey: .all) ?? false
  }

  private enum CodingKeys: String, CodingKey {
    case names, all
  }
}

/// What the daemon goes by.
package struct ConfigurationReport: Hashable, Codable, Sendable {
  /// nil when there is none.
  package var file: String?
  package var values: [Value]

  package struct Value: Hashable, Codable, Sendable {
    package var key: String
    /// What is secret in it is masked.
    package var value: String
    /// `default`, `config.yaml:7`, the name of a variable, `--set`.
    package var origin: String

    package init(key: String, value: String, origin: String) {
      (self.key, self.value, self.origin) = (key, value, origin)
    }
  }

  package init(file: String?, values: [Value]) {
    (self.file, self.values) = (file, values)
  }
}
