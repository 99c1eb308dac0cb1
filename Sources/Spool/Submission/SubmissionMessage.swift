import ProgressModel

/// What travels over the submission socket: one JSON object a packet, `docs/SPOOL.md`.
enum SubmissionMessage {
  /// Of the protocol. Older clients pass over what is added to an answer.
  static let version = 1
  /// The longest packet, in bytes: a name with every byte escaped fits several times.
  static let longest = 4_096

  /// What a client sends along with the descriptor of the contents.
  static func request(for name: String) -> [UInt8] {
    bytes(["version": .integer(version), "name": .string(name)])
  }

  /// Reads a request; throws what is wrong with it.
  static func name(inRequest bytes: [UInt8]) throws(SubmissionRefusal) -> SpoolName {
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONValue(parsing: bytes, maximumDepth: 2)
    } catch {
      throw .malformed("the header is not JSON: \(error)")
    }
    guard case .object(let members) = value else { throw .malformed("the header must be an object with version and name") }
    guard members["version"]?.integer == version else { throw .malformed("the header must have the version \(version)") }
    if let stranger = members.keys.sorted().first(where: { $0 != "version" && $0 != "name" }) {
      throw .malformed("the header has an unknown field, \(JSONValue.string(stranger).summary)")
    }
    guard let text = members["name"]?.string else { throw .malformed("the header must have a name, a text") }
    let name = SpoolName(text)
    guard name.isActionFile, name.isEntry else { throw SubmissionRefusal(.name, "\(SpoolWriteError.invalidName(name))") }
    return name
  }
}

/// What the daemon says: once when somebody has connected, and then in answer to each packet.
package enum SubmissionAnswer: Hashable, Sendable {
  /// Submit now. Who hears nothing has handed nothing over.
  case ready(maximumFileSize: Int)
  /// Durable in `incoming/`, under the name that people see.
  case accepted(SpoolName)
  case refused(SubmissionRefusal)

  var bytes: [UInt8] {
    switch self {
    case .ready(let size): SubmissionMessage.bytes(["version": .integer(SubmissionMessage.version), "max_file_size": .integer(size)])
    case .accepted(let name): SubmissionMessage.bytes(["accepted": .string(name.description)])
    case .refused(let refusal): SubmissionMessage.bytes(["refused": .string(refusal.kind.rawValue), "reason": .string(refusal.reason)])
    }
  }

  /// Reads an answer; nil for what no daemon says.
  init?(bytes: [UInt8]) {
    guard case .object(let members)? = try? JSONValue(parsing: bytes) else { return nil }
    if let name = members["accepted"]?.string.flatMap({ SpoolName(escaped: $0) }) {
      self = .accepted(name)
    } else if let kind = members["refused"]?.string {
      // A kind that is new is of those after which nothing was accepted, as all are.
      let refusal = SubmissionRefusal(.init(rawValue: kind) ?? .malformed, members["reason"]?.string ?? kind)
      self = .refused(refusal)
    } else if members["version"]?.integer == SubmissionMessage.version, let size = members["max_file_size"]?.integer {
      self = .ready(maximumFileSize: size)
    } else {
      return nil
    }
  }
}

/// Why nothing of a packet was accepted.
package struct SubmissionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// The words that travel, and stay.
  package enum Kind: String, CaseIterable, Sendable {
    /// Not now, and perhaps later: too many wait, too many are connected, the disk is full.
    case wait
    /// The name can be none of an action file.
    case name
    /// A file of the sender waits under that name, and has other contents.
    case taken
    /// The contents are too large.
    case size
    /// The packet is not of this protocol; its connection is closed.
    case malformed

    /// Whether the same file would be refused at any time, whichever way it comes.
    var isFinal: Bool {
      switch self {
      case .name, .taken, .size: true
      case .wait, .malformed: false
      }
    }
  }

  package let kind: Kind
  /// A clause for a person.
  package let reason: String

  package init(_ kind: Kind, _ reason: String) {
    (self.kind, self.reason) = (kind, reason)
  }

  static func malformed(_ reason: String) -> SubmissionRefusal { SubmissionRefusal(.malformed, reason) }

  package var description: String { reason }
}

extension SubmissionMessage {
  fileprivate static func bytes(_ members: [String: JSONValue]) -> [UInt8] { Array(JSONValue.object(members).serialized.utf8) }
}
