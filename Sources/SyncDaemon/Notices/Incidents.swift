package import ProgressModel
package import SyncEngine
import SyncPolicy
package import SyncStore

/// Decides when something needs a person: once per incident, whatever floods or flaps.
///
/// An incident ends when its cause does. What comes back within ten minutes is the same trouble, and is told only when it has lasted that
/// long; what grows is told again after ten minutes, as a number.
package struct Incidents: Sendable {
  /// What to tell people now.
  package enum Announcement: Hashable, Sendable {
    /// In the place of what was told of the subject before, if that is still to be seen.
    case open(Incident)
    case over(Incident.Subject)
  }

  /// Between the end of a trouble and its next beginning, and between what is told of one that grows.
  package static let calm = Duration.seconds(600)
  /// How long the oldest write may wait.
  package static let patience = Duration.seconds(86_400)

  private var courses: [Incident.Subject: Course] = [:]
  private var failures = 0
  /// Those who have too many rejected files.
  private var bounded: Set<UInt32> = []
  /// When the oldest write is to be looked for; nil while none waits.
  private var lookAt: Timestamp?
  /// When to be called again for a look that is due and was not taken: nobody may look while the daemon ends, or the queue is unreadable.
  private var lookAgainAt: Timestamp?
  /// Whether nothing waited at the last look, so that what waits now is younger than that.
  private var wasEmpty = false

  package init() {}

  /// When `take` has to be called again even if nothing happens; nil when nothing is pending.
  package var wakeAt: Timestamp? {
    (courses.values.map(\.dueAt) + [lookAgainAt ?? lookAt]).compactMap { $0 }.min()
  }

  /// Takes up what happened in a turn.
  package mutating func observe(_ events: [SyncEvent], now: Timestamp) {
    for event in events {
      switch event {
      case .held(let hold, let account, _):
        // 403 may be about one thing that we must not do, and then others get through soon.
        begin(.held(account, status: hold.status, reason: hold.reason), after: hold.status == 403 ? Self.calm : .zero, now: now)
      case .released(let account):
        end(Incident.Subject(.held, of: account), now: now)
      case .rejected(let entry, let status, let reason):
        fail(entry.key, "\(status): \(reason)", now: now)
      case .setAside:
        fail(nil, "a row of the queue is unreadable", now: now)
      case .boundReached(let hold) where hold.bound == .files:
        bounded.insert(hold.sender)
        begin(.bound(sender: hold.sender, limit: hold.limit), now: now)
      case .boundLeft(let hold):
        if bounded.remove(hold.sender) != nil, bounded.isEmpty { end(Incident.Subject(.bound), now: now) }
      default: break
      }
    }
  }

  /// Looks at how things stand. `oldest`: when the oldest of the pending writes was accepted; it is rarely asked for.
  package mutating func look(at counts: QueueCounts, oldest: () throws -> Timestamp?, now: Timestamp) rethrows {
    if counts.failed == 0 {
      failures = 0
      end(Incident.Subject(.failed), now: now)
    }
    guard counts.pending > 0 else {
      (lookAt, wasEmpty) = (nil, true)
      end(Incident.Subject(.backlog), now: now)
      return
    }
    if let lookAt, now < lookAt, lookAt <= now + Self.patience { return }
    // What has come since nothing waited is younger than that moment.
    guard !wasEmpty else {
      (lookAt, wasEmpty) = (now + Self.patience, false)
      return
    }
    guard let oldest = try oldest() else { return }
    let dueAt = min(oldest, now) + Self.patience
    if dueAt <= now {
      // After a suspend, or a start, it has a while to be sent.
      begin(.backlog(count: counts.pending, since: oldest), after: Self.calm, now: now)
      lookAt = now + Self.calm
    } else {
      end(Incident.Subject(.backlog), now: now)
      lookAt = dueAt
    }
  }

  /// Returns what is to be told now.
  package mutating func take(now: Timestamp) -> [Announcement] {
    lookAgainAt = lookAt.flatMap { $0 <= now ? now + Self.calm : nil }
    return courses.keys.sorted().compactMap { courses[$0]?.take(subject: $0, now: now) }
  }

  private mutating func fail(_ key: WriteKey?, _ reason: String, now: Timestamp) {
    failures += 1
    begin(.failed(count: failures, last: key, reason: reason), now: now)
  }

  private mutating func begin(_ incident: Incident, after wait: Duration = .zero, now: Timestamp) {
    courses[incident.subject, default: Course()].begin(incident, after: wait, now: now)
  }

  private mutating func end(_ subject: Incident.Subject, now: Timestamp) {
    courses[subject]?.end(now: now)
  }
}

/// How far the incidents of one subject have come.
private struct Course: Sendable {
  /// What is not told yet.
  private var untold: Incident?
  private(set) var dueAt: Timestamp?
  private var toldAt: Timestamp?
  private var endedAt: Timestamp?
  /// Whether its end is still to be told.
  private var isOver = false

  mutating func begin(_ incident: Incident, after wait: Duration, now: Timestamp) {
    if let toldAt, !isOver {
      // Only what is counted can grow.
      guard case .failed = incident else { return }
      dueAt = dueAt ?? max(now, toldAt + Incidents.calm)
    } else {
      let isBack = endedAt.map { now - $0 < Incidents.calm } ?? false
      dueAt = dueAt ?? now + (isBack ? Incidents.calm : wait)
    }
    untold = incident
  }

  mutating func end(now: Timestamp) {
    guard untold != nil || (toldAt != nil && !isOver) else { return }
    isOver = toldAt != nil
    (untold, dueAt, endedAt) = (nil, nil, now)
  }

  mutating func take(subject: Incident.Subject, now: Timestamp) -> Incidents.Announcement? {
    if isOver {
      (isOver, toldAt) = (false, nil)
      return .over(subject)
    }
    // A clock that was set back must not put it off.
    guard let untold, let dueAt, dueAt <= now || dueAt > now + Incidents.calm else { return nil }
    (self.untold, self.dueAt, toldAt) = (nil, nil, now)
    return .open(untold)
  }
}
