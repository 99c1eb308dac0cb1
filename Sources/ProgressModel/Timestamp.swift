/// An instant in wall time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Milliseconds are what the queue stores and what the API keeps; finer digits of a client's instant are cut.
package struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since the Unix epoch; negative before it.
  package var milliseconds: Int64

  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Reads an RFC 3339 instant (`2026-01-28T15:30:00Z`, `2026-01-28 16:30:00.25+01:00`).
  ///
  /// `t`, `z` and a space for the `T` are read too, as [RFC 3339, section 5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6)
  /// allows and `date --rfc-3339` writes. A leap second counts as the first instant of the next minute.
  /// Returns nil for anything else: a time without a zone, or one that its zone moves out of the years 1 to 9999 of UTC.
  package init?(rfc3339 text: String) {
    var scanner = DigitScanner(text)
    guard let day = CalendarDate(scanning: &scanner),
      scanner.skip(anyOf: "Tt "),
      let hour = scanner.number(digits: 2, in: 0...23), scanner.skip(anyOf: ":"),
      let minute = scanner.number(digits: 2, in: 0...59), scanner.skip(anyOf: ":"),
      let second = scanner.number(digits: 2, in: 0...60),
      let fraction = scanner.fractionInMilliseconds(),
      let offset = scanner.zoneOffsetInMinutes(),
      scanner.isAtEnd
    else { return nil }
    let minutes = Int64(day.daysSinceEpoch) * 1440 + Int64(hour * 60 + minute - offset)
    milliseconds = (minutes * 60 + Int64(second)) * 1000 + Int64(fraction)
    guard Self.writable.contains(milliseconds) else { return nil }
  }

  /// From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z: what four digits of a year can spell.
  private static let writable: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

  /// The instant in UTC with its zone, `2026-01-28T15:30:00Z`; milliseconds appear only when there are some.
  package var rfc3339: String { naive + "Z" }

  /// The instant in UTC without its zone, for servers that refuse one: `2026-01-28T15:30:00`.
  package var naive: String {
    let (days, rest) = milliseconds.flooredDivision(by: 86_400_000)
    let (seconds, fraction) = rest.flooredDivision(by: 1000)
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, to: 2) }.joined(separator: ":")
    let date = CalendarDate(daysSinceEpoch: Int(days)).description
    return date + "T" + clock + (fraction == 0 ? "" : "." + padded(fraction, to: 3))
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  package static func + (instant: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: instant.milliseconds + duration.inMilliseconds)
  }

  package static func - (instant: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: instant.milliseconds - duration.inMilliseconds)
  }

  /// The time from `earlier` to `later`; negative when they are the other way round.
  package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .milliseconds(later.milliseconds - earlier.milliseconds)
  }
}

extension Timestamp: CustomStringConvertible {
  package var description: String { rfc3339 }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero: the unit that the queue stores.
  package var inMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}

extension DigitScanner {
  /// `.123…` as whole milliseconds, 0 when there is none, nil for a point without digits.
  fileprivate mutating func fractionInMilliseconds() -> Int? {
    guard skip(anyOf: ".") else { return 0 }
    let digits = self.digits()
    guard !digits.isEmpty else { return nil }
    return (digits + [0, 0]).prefix(3).reduce(0) { $0 * 10 + $1 }
  }

  /// `Z` or `±hh:mm` as minutes east of UTC.
  fileprivate mutating func zoneOffsetInMinutes() -> Int? {
    if skip(anyOf: "Zz") { return 0 }
    let sign = skip(anyOf: "-") ? -1 : 1
    guard sign == -1 || skip(anyOf: "+"),
      let hours = number(digits: 2, in: 0...23), skip(anyOf: ":"),
      let minutes = number(digits: 2, in: 0...59)
    else { return nil }
    return sign * (hours * 60 + minutes)
  }
}

extension Int64 {
  /// Quotient and remainder with the remainder never negative, so that instants before 1970 read right.
  fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
    let remainder = self % divisor
    return remainder < 0 ? (self / divisor - 1, remainder + divisor) : (self / divisor, remainder)
  }
}

extension Timestamp {
  /// Reads the date of an HTTP header in the one form that servers send, `Sun, 06 Nov 1994 08:49:37 GMT`
  /// ([RFC 9110, section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
  package init?(httpDate text: String) {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","), let month = months.firstIndex(of: String(words[2])) else {
      return nil
    }
    self.init(rfc3339: "\(words[3])-\(padded(month + 1, to: 2))-\(words[1])T\(words[4])Z")
  }
}
