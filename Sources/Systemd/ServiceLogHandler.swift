import Glibc
package import Logging

/// The log handler of a service: native fields in the journal, or lines that a person can read.
///
/// An entry that the journal does not take is written as a line instead: an entry is never lost for want of a journal.
package struct ServiceLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?

  private let destination: LogDestination
  private let threshold: LogThreshold
  private let descriptor: CInt
  /// The level of this logger alone, once someone has set it.
  private var ownLevel: Logger.Level?

  /// - Parameters:
  ///   - threshold: The level of every logger that was not given its own.
  ///   - descriptor: Where lines go: standard error.
  package init(
    destination: LogDestination, threshold: LogThreshold, metadataProvider: Logger.MetadataProvider? = nil,
    descriptor: CInt = STDERR_FILENO
  ) {
    (self.destination, self.threshold, self.descriptor) = (destination, threshold, descriptor)
    self.metadataProvider = metadataProvider
  }

  package var logLevel: Logger.Level {
    get { ownLevel ?? threshold.level }
    set { ownLevel = newValue }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let provided = metadataProvider?.get() ?? [:]
    let record = LogRecord(event, context: metadata.merging(provided) { $1 })
    switch destination {
    case .journal(let identifier):
      if !record.sendToJournal(identifier: identifier) { record.writeLine(to: descriptor, colored: false) }
    case .lines(let colored):
      record.writeLine(to: descriptor, colored: colored)
    }
  }
}
