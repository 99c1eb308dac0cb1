package import ProgressModel

/// Names one claim of one file, for ever: the receipt of an acceptance carries it.
///
/// 24 lower-case hexadecimal digits: 12 of milliseconds since 1970, 4 of a counter within the millisecond, 8 random. Text order is
/// claim order. The random digits keep ids apart when the clock was set back while the daemon was not running.
package struct ClaimID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  package var description: String { text }

  /// Reads an id back; nil for anything that no daemon has made.
  package init?(_ text: String) {
    let digits = text.utf8
    guard digits.count == Self.length, digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
      // Instants end before the year 6429, so that a following id always exists.
      text < "8"
    else { return nil }
    self.text = text
  }

  package static func < (left: ClaimID, right: ClaimID) -> Bool { left.text < right.text }

  static let length = 24

  fileprivate init(milliseconds: Int64, counter: UInt16, random: UInt32) {
    text = hexadecimal(milliseconds, digits: 12) + hexadecimal(counter, digits: 4) + hexadecimal(random, digits: 8)
  }

  /// When the claim was made, as far as the clock was right then.
  var madeAt: Timestamp { Timestamp(milliseconds: milliseconds) }

  fileprivate var milliseconds: Int64 { Int64(text.prefix(12), radix: 16) ?? 0 }
  fileprivate var counter: UInt16 { UInt16(text.dropFirst(12).prefix(4), radix: 16) ?? 0 }
}

/// Makes claim ids, each greater than those before it, whatever the clock does.
package struct ClaimSequence: Sendable {
  private var milliseconds: Int64 = 0
  private var counter: UInt16 = 0

  package init() {}

  /// The next id.
  package mutating func next(now: Timestamp) -> ClaimID {
    if now.milliseconds > milliseconds {
      (milliseconds, counter) = (now.milliseconds, 0)
    } else if counter < .max {
      counter += 1
    } else {
      (milliseconds, counter) = (milliseconds + 1, 0)
    }
    return ClaimID(milliseconds: milliseconds, counter: counter, random: .random(in: 0...UInt32.max))
  }

  /// Lets every following id be greater than `id`: what a crash left is older than what comes now.
  package mutating func advance(past id: ClaimID) {
    if (id.milliseconds, id.counter) > (milliseconds, counter) { (milliseconds, counter) = (id.milliseconds, id.counter) }
  }
}
