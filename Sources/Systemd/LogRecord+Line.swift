import Glibc
import Logging

extension LogRecord {
  /// The entry as a person reads it: `15:30:00 info message key=value …`, ending in a line break and holding no other.
  ///
  /// Fields named in capitals are for searching the journal, and repeat what the message says: they are left out.
  ///
  /// - Parameter time: The time of day, as it shall be shown.
  func line(time: String, colored: Bool) -> String {
    let level = colored ? level.colored : level.rawValue
    let pairs = metadata.filter { $0.key.contains(where: \.isLowercase) }.map { " \($0.key.singleLine)=\($0.value.quotedIfNeeded)" }
    return "\(time) \(level) \(message.singleLine)\(pairs.joined())\n"
  }

  /// Writes the entry to a file descriptor, in one write(2), so that the lines of several writers do not mix.
  func writeLine(to descriptor: CInt, colored: Bool) {
    var rest = Array(line(time: Self.localTime(), colored: colored).utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return  // A log that cannot be written has nowhere to say so.
      }
    }
  }

  /// `HH:MM:SS` of the machine's own zone: what the clock on the reader's wall shows.
  private static func localTime() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}

extension String {
  /// The text as the value of a pair: in quotes when it would not be one word otherwise.
  fileprivate var quotedIfNeeded: String {
    let isWord = !isEmpty && !unicodeScalars.contains { $0 == " " || $0 == "\"" }
    guard !isWord else { return singleLine }
    let escaped = flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"" + String(escaped).singleLine + "\""
  }
}

extension Logger.Level {
  /// The level's name in the colour that tells it from the others on a terminal.
  fileprivate var colored: String {
    switch self {
    case .trace, .debug: "\u{1b}[2m\(rawValue)\u{1b}[0m"
    case .info, .notice: rawValue
    case .warning: "\u{1b}[33m\(rawValue)\u{1b}[0m"
    case .error, .critical: "\u{1b}[31m\(rawValue)\u{1b}[0m"
    }
  }
}
