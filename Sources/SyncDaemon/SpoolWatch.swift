import Logging
import Spool
import SystemPackage

/// Rings the work loop when something is dropped, and watches anew when the spool's directories are replaced.
struct SpoolWatch: Sendable {
  let root: FilePath
  /// How long to wait before trying again what could not be watched.
  let patience: Duration
  let doorbell: Doorbell
  let instruments: Instruments
  let notes: DropNotes
  let logger: Logger

  /// How long a spool that was replaced has to come into place.
  private static let replacementTime = Duration.milliseconds(100)

  /// The first watch, to be made before the daemon says that it is ready; nil, and said, when the spool cannot be watched.
  func begin() -> SpoolWatcher? {
    do throws(SpoolError) {
      return try watch()
    } catch {
      logger.say(.spoolUnwatched, "\(error): the spool is read every \(patience.inWords) only", [.reason: "\(error)"])
      return nil
    }
  }

  /// Rings until it is cancelled.
  func run(from first: SpoolWatcher?) async {
    var watcher = first
    while !Task.isCancelled {
      if let watcher {
        for await _ in watcher.rings { doorbell.ring { $0.spoolRang = true } }
        instruments.noteSpool(isWatched: false)
      }
      // A sleep that is cancelled ends the loop.
      try? await Task.sleep(for: watcher == nil ? patience : Self.replacementTime)
      guard !Task.isCancelled else { return }
      // While it cannot be watched, rescans go on; the reader says what is wrong.
      watcher = try? watch()
      doorbell.ring { $0.spoolRang = true }
    }
  }

  private func watch() throws(SpoolError) -> SpoolWatcher {
    let watcher = try SpoolWatcher(root: root, notes: notes)
    instruments.noteSpool(isWatched: true)
    return watcher
  }
}
