/// Reads fixed-width ASCII digits and separators from the front of a text: what dates and instants are made of.
struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) {
    rest = Substring(text).utf8
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// Takes exactly `count` digits as a number within `range`; nil, and an undefined position, when they are not there.
  mutating func number(digits count: Int, in range: ClosedRange<Int>) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = rest.first?.asciiDigit else { return nil }
      value = value * 10 + digit
      rest.removeFirst()
    }
    return range.contains(value) ? value : nil
  }

  /// Takes all digits that stand here.
  mutating func digits() -> [Int] {
    var digits: [Int] = []
    while let digit = rest.first?.asciiDigit {
      digits.append(digit)
      rest.removeFirst()
    }
    return digits
  }

  /// Takes one character when it is one of `accepted`.
  mutating func skip(anyOf accepted: String) -> Bool {
    guard let next = rest.first, accepted.utf8.contains(next) else { return false }
    rest.removeFirst()
    return true
  }
}

extension UInt8 {
  fileprivate var asciiDigit: Int? { (0x30...0x39).contains(self) ? Int(self) - 0x30 : nil }
}
