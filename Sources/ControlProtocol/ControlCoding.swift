import FoundationEssentials
package import ProgressModel

/// How the values of this module travel over the control socket: JSON whose names are those of their `CodingKeys`, instants as RFC 3339.
package enum ControlCoding {
  /// Compact JSON on one line, with sorted names; what is unknown is left out.
  ///
  /// Controls and characters that turn the writing direction are escaped, so that no text can disturb a terminal.
  package static func text(of value: some Encodable) throws -> String {
    // `JSONValue` escapes what a client may have written; the encoder passes it through.
    try JSONValue(parsing: Array(JSONEncoder().encode(value))).serialized
  }

  /// Reads what `text(of:)` made, by this version or another: names that are not known are passed over.
  package static func value<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let instant = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no RFC 3339 instant")
    }
    self = instant
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}
