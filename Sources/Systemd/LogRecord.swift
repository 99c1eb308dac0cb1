import Logging

/// One log entry with everything that came with it, ready to be written.
struct LogRecord: Sendable {
  let level: Logger.Level
  let message: String
  /// Sorted by key, so that the same entry always reads the same.
  let metadata: [(key: String, value: String)]
  let file: String
  let function: String
  let line: UInt

  /// - Parameter context: What the logger carries; the event's own metadata overrides it.
  init(_ event: LogEvent, context: Logger.Metadata) {
    var metadata = context.merging(event.metadata ?? [:]) { $1 }
    if let error = event.error { metadata["error"] = "\(error)" }
    (level, message, file, function, line) = (event.level, event.message.description, event.file, event.function, event.line)
    self.metadata = metadata.map { (key: $0.key, value: $0.value.description) }.sorted { $0.key < $1.key }
  }
}
