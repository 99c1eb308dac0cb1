/// Source of a manual page in the making: mdoc(7), one sentence a line, no line too long for `mandoc -T lint`.
struct Mdoc {
  private(set) var lines: [String] = []

  var text: String { lines.map { $0 + "\n" }.joined() }

  /// A macro with its words; a word that has a blank in it is quoted.
  mutating func macro(_ words: String...) {
    let quoted = words.dropFirst().map { $0.contains(" ") && $0.first != "\"" ? "\"\($0)\"" : $0 }
    lines.append("." + ([words[0]] + quoted).joined(separator: " "))
  }

  /// Words that are macros already, as they are.
  mutating func raw(_ line: String) {
    lines.append(line)
  }

  mutating func prose(_ text: String) {
    for sentence in text.sentences {
      var line = ""
      for word in sentence.split(separator: " ") {
        if !line.isEmpty, line.width + 1 + word.width > 80 {
          lines.append(line.asText)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      if !line.isEmpty { lines.append(line.asText) }
    }
  }

  mutating func literal(_ text: [String]) {
    lines.append(".Bd -literal -offset indent")
    for line in text { lines.append(line.asText.replacing("-", with: "\\-")) }
    lines.append(".Ed")
  }

  /// What literal text of a page says, as a reader sees it.
  static func shown(_ text: String) -> String {
    text.replacing("\\-", with: "-").replacing("\\&", with: "").replacing("\\e", with: "\\")
  }

  /// The literal blocks of a page, as a reader sees them.
  static func literals(of page: String) -> [String] {
    page.split(separator: ".Bd -literal -offset indent\n").dropFirst().compactMap { part in
      part.firstRange(of: ".Ed").map { shown(String(part[..<$0.lowerBound])) }
    }
  }
}

extension String {
  fileprivate var sentences: [String] {
    var sentences: [String] = []
    var sentence = ""
    for word in split(whereSeparator: \.isWhitespace) {
      if let last = sentence.last, ".!?:".contains(last) && word.first?.isUppercase == true && last != ":" {
        sentences.append(sentence)
        sentence = ""
      }
      sentence += (sentence.isEmpty ? "" : " ") + word
    }
    return sentence.isEmpty ? sentences : sentences + [sentence]
  }

  /// The line as the formatter prints it, whatever it begins with.
  fileprivate var asText: String {
    let text = replacing("\\", with: "\\e")
    return text.first == "." || text.first == "'" ? "\\&" + text : text
  }
}

extension StringProtocol {
  /// How many bytes the formatter counts, which reads what is not ASCII as `\[u2026]`.
  fileprivate var width: Int { unicodeScalars.reduce(0) { $0 + ($1.isASCII ? ($1 == "\\" ? 2 : 1) : 8) } }
}
