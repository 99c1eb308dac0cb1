import Logging
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

/// Tells people what takes one: in the journal at priority `err`, and on the desktop where there is one.
struct Notices {
  private var incidents = Incidents()
  private let board: NoticeBoard?
  private let logger: Logger
  private var isOnDesktop: Bool
  private var places: TokenPlaces

  /// - Parameter board: nil in the system's service, which has no desktop.
  init(_ configuration: Configuration, board: NoticeBoard?, logger: Logger) {
    (self.board, self.logger) = (board, logger)
    (isOnDesktop, places) = (configuration.notices.desktop, TokenPlaces(configuration))
  }

  /// When `tell` has to be called again even if nothing happens.
  var wakeAt: Timestamp? { incidents.wakeAt }

  /// - Parameter users: The tokens of users that are in force.
  mutating func apply(_ configuration: Configuration, users: UserTokens) {
    (isOnDesktop, places) = (configuration.notices.desktop, TokenPlaces(configuration, users: users))
    if !isOnDesktop { board?.closeAll() }
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
        logger.say(incident.subject.messageKind, incident.line(places, now: now), incident.fields)
        if isOnDesktop { board?.show(incident.notice(places, now: now), of: incident.subject) }
      case .over(let subject):
        logger.say(.incidentOver, "No person is needed any more: \(subject.ending)", subject.fields)
        board?.close(subject)
      }
    }
  }
}

extension Incident.Subject {
  fileprivate var ending: String {
    switch kind {
    case .held: account.user.map { "nothing that \(UserName($0)) dropped is held any more" } ?? "the API accepts us again"
    case .failed: "nothing that was refused is left"
    case .bound: "what was dropped meanwhile is taken in"
    case .backlog: "what waited for so long is delivered, or gone"
    }
  }
}
