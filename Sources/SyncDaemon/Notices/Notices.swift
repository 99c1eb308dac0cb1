import Logging
import ProgressModel
import SyncEngine
import SyncStore
import SystemPackage

/// Tells people what takes one: in the journal at priority `err`, and on the desktop where there is one.
struct Notices {
  private var incidents = Incidents()
  private let board: NoticeBoard?
  private let logger: Logger
  private var isOnDesktop: Bool
  private var tokenFile: FilePath?

  /// - Parameter board: nil in the system's service, which has no desktop.
  init(_ configuration: Configuration, board: NoticeBoard?, logger: Logger) {
    (self.board, self.logger) = (board, logger)
    (isOnDesktop, tokenFile) = (configuration.notices.desktop, configuration.api.tokenFile)
  }

  /// When `tell` has to be called again even if nothing happens.
  var wakeAt: Timestamp? { incidents.wakeAt }

  mutating func apply(_ configuration: Configuration) {
    (isOnDesktop, tokenFile) = (configuration.notices.desktop, configuration.api.tokenFile)
    guard !isOnDesktop else { return }
    for kind in Incident.Kind.allCases { board?.close(kind) }
  }

  /// Takes up what happened in a turn.
  mutating func observe(_ events: [SyncEvent], now: Timestamp) {
    incidents.observe(events, now: now)
  }

  /// Looks at how things stand, as often as it is worth while.
  mutating func look(at counts: QueueCounts, in store: SyncStore, now: Timestamp) {
    // A queue that cannot be read is said elsewhere.
    try? incidents.look(at: counts, oldest: store.oldestPendingAt, now: now)
  }

  /// Tells what is to be told now.
  mutating func tell(now: Timestamp) {
    for announcement in incidents.take(now: now) {
      switch announcement {
      case .open(let incident):
        logger.say(incident.kind.messageKind, incident.line(tokenFile: tokenFile, now: now), incident.fields)
        if isOnDesktop { board?.show(incident.notice(tokenFile: tokenFile, now: now), of: incident.kind) }
      case .over(let kind):
        logger.say(.incidentOver, "No person is needed any more: \(kind.ending)", [.incident: kind.rawValue])
        board?.close(kind)
      }
    }
  }
}

extension Incident.Kind {
  fileprivate var ending: String {
    switch self {
    case .held: "the API accepts us again"
    case .failed: "nothing that was refused is left"
    case .bound: "what was dropped meanwhile is taken in"
    case .backlog: "what waited for so long is delivered, or gone"
    }
  }
}
