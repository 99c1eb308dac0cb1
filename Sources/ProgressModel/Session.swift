/// The API's name of a training program: 1–128 of `A–Z a–z 0–9 . _ ~ -`, and neither `.` nor `..`.
///
/// These are the unreserved characters of [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3), so an id stands in
/// a URL as it is and cannot climb out of its path segment.
package struct ProgramID: Hashable, Sendable {
  package let text: String

  package static let rule = "must be 1 to 128 of A-Z a-z 0-9 . _ ~ - and neither . nor .."

  package init?(_ text: String) {
    guard (1...128).contains(text.utf8.count), text != ".", text != "..", text.utf8.allSatisfy(Self.isUnreserved) else { return nil }
    self.text = text
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch Unicode.Scalar(byte) {
    case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "~", "-": true
    default: false
    }
  }
}

extension ProgramID: CustomStringConvertible {
  package var description: String { text }
}

/// One training session of a program: the row of the API that every action is about.
///
/// At most one request per session is under way at a time, because servers that create the row on the first write
/// would otherwise create two.
package struct Session: Hashable, Sendable {
  package let program: ProgramID
  package let week: Int
  package let day: Int

  /// What weeks and days may be, both counted from 1.
  package static let numbers = 1...1_000

  package init?(program: ProgramID, week: Int, day: Int) {
    guard Self.numbers.contains(week), Self.numbers.contains(day) else { return nil }
    (self.program, self.week, self.day) = (program, week, day)
  }
}

extension Session: CustomStringConvertible {
  package var description: String { "\(program)-\(week)-\(day)" }
}
