import Glibc
import SystemPackage

/// What is printed for whoever asked.
enum StandardOutput {
  /// Throws `Failure`: a full disk must not look like an empty queue.
  static func write(_ text: String) throws {
    try write { try $0(text) }
  }

  /// Lends `body` a function that prints; what it is given goes out in large pieces. Throws `Failure` and what `body` throws.
  static func write(_ body: ((String) throws -> Void) throws -> Void) throws {
    var buffer = ""
    try body { text in
      buffer += text
      guard buffer.utf8.count >= 65_536 else { return }
      try writeAll(buffer)
      buffer = ""
    }
    try writeAll(buffer)
  }

  private static func writeAll(_ text: String) throws {
    do {
      _ = try FileDescriptor.standardOutput.writeAll(text.utf8)
    } catch {
      throw Failure("cannot write the output: \(error)", code: EX_IOERR)
    }
  }

  /// For output that goes to a person: colours on a terminal that has them, unless <https://no-color.org> is wished for.
  static func style(environment: [String: String]) -> TextStyle {
    let isPlain = isatty(STDOUT_FILENO) == 0 || environment["TERM"] == "dumb" || environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    return isPlain ? .plain : .coloured
  }
}

/// Whether text is marked with colours.
enum TextStyle {
  case plain
  case coloured

  /// The foreground colours of ECMA-48 (`SGR`), which every terminal maps to its own theme.
  enum Colour: Int {
    case red = 31
    case green = 32
    case yellow = 33
  }

  func paint(_ text: String, _ colour: Colour?) -> String {
    guard self == .coloured, let colour else { return text }
    return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
  }
}
