extension Int {
  private static let sizeUnits: [(name: String, bytes: Int)] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)]

  /// Reads a size in bytes: `64KiB`, `1MiB`, `65536`.
  init?(spelledSize text: String) {
    let digits = text.prefix { ("0"..."9").contains($0) }
    let name = text[digits.endIndex...]
    guard (1...12).contains(digits.count), let number = Int(digits), let unit = Self.sizeUnits.first(where: { $0.name == name }) else {
      return nil
    }
    self = number * unit.bytes
  }

  /// The size in the largest unit that spells it without a fraction.
  var spelledSize: String {
    let unit = Self.sizeUnits.first { self != 0 && self.isMultiple(of: $0.bytes) }
    return unit.map { "\(self / $0.bytes)\($0.name)" } ?? String(self)
  }
}
