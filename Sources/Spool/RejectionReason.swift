import ProgressModel

/// What `rejected/NAME.reason` says: first why, for a person, then what the file itself does not show.
struct RejectionReason {
  /// One line, with nothing invisible in it.
  let text: String
  /// nil in what no daemon has written.
  let sender: UInt32?

  /// The whole file.
  static func contents(_ text: String, _ file: Provenance, size: Int, claim: ClaimID, now: Timestamp) -> [UInt8] {
    Array(
      """
      \(text)

      name: \(file.name)
      time: \(now)
      size: \(size) bytes
      \(senderField)\(file.sender)
      claim: \(claim)

      """.utf8)
  }

  /// Reads the file back, or its beginning.
  init(contents: [UInt8]) {
    let lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    text = lines.first.map { escaped(Array($0), doublingBackslashes: false) } ?? ""
    // Names and reasons are written with nothing invisible in them, so none of them can begin a line.
    sender = lines.dropFirst().lazy.map { String(decoding: $0, as: UTF8.self) }
      .first { $0.hasPrefix(Self.senderField) }.flatMap { UInt32($0.dropFirst(Self.senderField.count)) }
  }

  private static let senderField = "sender: uid "
}
