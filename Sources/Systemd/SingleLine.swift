extension String {
  /// The text on one line, with control characters in their Swift spelling (`\n`, `\u{1B}`).
  ///
  /// So nothing that a client wrote can start a line of its own, move a terminal's cursor or turn the reading direction.
  package var singleLine: String {
    guard unicodeScalars.contains(where: \.needsEscape) else { return self }
    var line = ""
    for scalar in unicodeScalars {
      if scalar.needsEscape {
        line += scalar.escaped(asASCII: true)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}

extension Unicode.Scalar {
  private var isLineBreak: Bool {
    let category = properties.generalCategory
    return category == .lineSeparator || category == .paragraphSeparator
  }

  fileprivate var needsEscape: Bool {
    if isASCII { return value < 0x20 || value == 0x7f }
    return properties.generalCategory == .control || isLineBreak || properties.isBidiControl
  }
}
