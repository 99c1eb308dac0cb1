import Glibc
import Logging

/// Plain lines on standard error, where a person or the journal, which adds the time itself, reads them.
struct StandardErrorLog: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = event.level >= .warning ? "\(event.level): \(event.message)\n" : "\(event.message)\n"
    // One write a line, so that lines of several threads do not mix; a closed standard error is nobody's loss.
    _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
