extension Duration {
  private static let units: [(name: String, milliseconds: Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]

  /// Reads `500ms`, `10s`, `1m30s`, `2h`: whole numbers, each with its unit, larger units first and none twice.
  package init?(spelled text: String) {
    var rest = text.utf8[...]
    var total: Int64 = 0
    var units = Self.units[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest[digits.endIndex...]
      let name = rest.prefix { !(0x30...0x39).contains($0) }
      rest = rest[name.endIndex...]
      // Nine digits of hours fit by far; more are no duration that anyone means.
      guard (1...9).contains(digits.count), let number = Int64(String(decoding: digits, as: UTF8.self)),
        let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(name) })
      else { return nil }
      total += number * units[unit].milliseconds
      units = units[(unit + 1)...]
    }
    self = .milliseconds(total)
  }

  /// The duration as `init(spelled:)` reads it, cut to milliseconds: `1m30s`.
  package var spelled: String {
    var rest = inMilliseconds
    var text = ""
    for unit in Self.units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }
}
