import CSystemd
import Glibc
import Logging

extension LogRecord {
  /// The entry as journal fields, each `NAME=value` in bytes;
  /// [systemd.journal-fields(7)](https://www.freedesktop.org/software/systemd/man/252/systemd.journal-fields.html).
  ///
  /// Values go as they are: the journal's protocol carries lengths, so no value can forge a field.
  func journalFields(identifier: String) -> [[UInt8]] {
    let own = [
      ("MESSAGE", message), ("PRIORITY", String(level.priority)), ("SYSLOG_IDENTIFIER", identifier),
      ("CODE_FILE", file), ("CODE_LINE", String(line)), ("CODE_FUNC", function),
    ]
    let all = own + metadata.map { (Self.journalName(of: $0.key), $0.value) }
    return all.map { name, value in Array("\(name)=\(value)".utf8) }
  }

  /// The field that a metadata key becomes: upper case, `_` for what the journal does not allow, at most 64 characters.
  ///
  /// A name that would be empty, begin with a digit, or repeat a field that every entry has begins with `META_`.
  /// A leading underscore goes, since the journal keeps such names to itself.
  static func journalName(of key: String) -> String {
    let allowed = key.utf8.map { byte -> UInt8 in
      switch Unicode.Scalar(byte) {
      case "A"..."Z", "0"..."9": byte
      case "a"..."z": byte - 0x20
      default: UInt8(ascii: "_")
      }
    }
    let name = String(decoding: allowed.drop { $0 == UInt8(ascii: "_") }, as: UTF8.self)
    let isTaken = name.isEmpty || name.first?.isNumber == true || ownFields.contains(name)
    return String(((isTaken ? "META_" : "") + name).prefix(64))
  }

  private static let ownFields: Set<String> = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE", "CODE_FUNC"]

  /// Hands the entry to the journal.
  ///
  /// - Returns: Whether the journal has taken it.
  func sendToJournal(identifier: String) -> Bool {
    // sd_journal_sendv(3) reports success when there is no journal at all.
    guard access("/run/systemd/journal/socket", W_OK) == 0 else { return false }
    let fields = journalFields(identifier: identifier)
    var bytes = fields.flatMap { $0 }
    return bytes.withUnsafeMutableBytes { buffer in
      var offset = 0
      let vectors = fields.map { field in
        defer { offset += field.count }
        return iovec(iov_base: buffer.baseAddress?.advanced(by: offset), iov_len: field.count)
      }
      return sd_journal_sendv(vectors, CInt(vectors.count)) == 0
    }
  }
}

extension Logger.Level {
  /// The level in the journal's terms, [syslog(3)](https://man7.org/linux/man-pages/man3/syslog.3.html).
  fileprivate var priority: CInt {
    switch self {
    case .trace, .debug: LOG_DEBUG
    case .info: LOG_INFO
    case .notice: LOG_NOTICE
    case .warning: LOG_WARNING
    case .error: LOG_ERR
    case .critical: LOG_CRIT
    }
  }
}
