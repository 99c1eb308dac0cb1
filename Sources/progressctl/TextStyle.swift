/// Whether text is marked with colours.
enum TextStyle {
  case plain
  case coloured

  /// The renditions of ECMA-48 (`SGR`), whose colours every terminal maps to its own theme.
  enum Colour: Int {
    case dim = 2
    case red = 31
    case green = 32
    case yellow = 33
  }

  func paint(_ text: String, _ colour: Colour?) -> String {
    guard self == .coloured, let colour else { return text }
    return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
  }
}

extension String {
  /// The columns that the text takes on a terminal, without the colours in it.
  var columns: Int {
    var columns = 0
    var isColour = false
    for character in self {
      if character == "\u{1b}" {
        isColour = true
      } else if isColour {
        isColour = character != "m"
      } else {
        columns += character.columns
      }
    }
    return columns
  }

  /// The text, or as much of it as fits into so many columns, with … where it was cut and no colour left on.
  func cut(toColumns limit: Int) -> String {
    guard columns > limit else { return self }
    var text = ""
    var columns = 0
    var isColour = false
    var isColoured = false
    for character in self {
      if character == "\u{1b}" { (isColour, isColoured) = (true, true) }
      if !isColour {
        guard columns + character.columns < limit else { break }
        columns += character.columns
      } else if character == "m" {
        isColour = false
      }
      text.append(character)
    }
    return text + (isColoured ? "\u{1b}[0m" : "") + (limit > 0 ? "…" : "")
  }
}

extension Character {
  /// Two for what East Asian scripts and emoji take ([UAX #11](https://www.unicode.org/reports/tr11/)).
  fileprivate var columns: Int {
    guard let scalar = unicodeScalars.first, scalar.value >= 0x1100 else { return 1 }
    if scalar.properties.isEmojiPresentation { return 2 }
    return switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
      0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
