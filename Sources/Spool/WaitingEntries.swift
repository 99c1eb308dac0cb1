import ProgressModel

/// The entries of `incoming/` that need another look, and what was seen of them.
///
/// Quiet is what we observed, not what a file's times say: a clock that is ahead can then never strand a file.
struct WaitingEntries {
  private struct Observation {
    var status: FileStatus
    var since: Timestamp
    /// When to look again; nil while the entry is among the candidates.
    var due: Timestamp?
  }

  private var observations: [SpoolName: Observation] = [:]
  /// When the first of them is due, or earlier: an entry that is forgotten may leave its time behind.
  private(set) var nextLook: Timestamp?

  /// For how long the entry has been seen as `status` shows it; zero when it is new or has changed.
  func quietTime(of name: SpoolName, _ status: FileStatus, now: Timestamp) -> Duration {
    guard let seen = observations[name], seen.status.isUnchanged(in: status) else { return .zero }
    return max(.zero, now - seen.since)
  }

  /// Whether the entry is as it was and its time has not come.
  func isResting(_ name: SpoolName, _ status: FileStatus, now: Timestamp) -> Bool {
    guard let seen = observations[name], let due = seen.due else { return false }
    return seen.status.isUnchanged(in: status) && (seen.since..<due).contains(now)
  }

  /// Looks again when the entry has been quiet for `quiet`.
  mutating func rest(_ name: SpoolName, _ status: FileStatus, quiet: Duration, now: Timestamp) {
    var observation = Observation(status: status, since: now)
    if let seen = observations[name], seen.status.isUnchanged(in: status), seen.since <= now { observation.since = seen.since }
    let due = max(observation.since + quiet, now + .milliseconds(1))
    observation.due = due
    observations[name] = observation
    nextLook = nextLook.map { min($0, due) } ?? due
  }

  func holds(_ name: SpoolName) -> Bool { observations[name] != nil }

  mutating func forget(_ name: SpoolName) {
    observations[name] = nil
    if observations.isEmpty { nextLook = nil }
  }

  /// The entries whose time has come, and all of them when the clock was set back.
  mutating func takeDue(now: Timestamp) -> [SpoolName] {
    let due = observations.filter { $0.value.due.map { $0 <= now } ?? false || now < $0.value.since }.map(\.key)
    for name in due { observations[name]?.due = nil }
    nextLook = observations.values.compactMap(\.due).min()
    return due
  }

  /// Forgets what is no longer there.
  mutating func keep(only names: Set<SpoolName>) {
    observations = observations.filter { names.contains($0.key) }
    nextLook = observations.values.compactMap(\.due).min()
  }
}
