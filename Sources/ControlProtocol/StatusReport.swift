package import ProgressModel

/// How the daemon and its queue stand: counts, which everybody may see who may connect.
package struct StatusReport: Hashable, Codable, Sendable {
  package var daemon: DaemonReport
  package var pending: Int { waiting + retrying + parked }
  package var waiting = 0
  package var retrying = 0
  package var parked = 0
  package var failed = 0
  /// When the oldest of the pending writes was accepted; nil when none is pending.
  package var oldestAcceptedAt: Timestamp?
  /// When a write was last delivered; nil before the first.
  package var lastSyncedAt: Timestamp?
  /// The last few deliveries that the caller may see, the latest first.
  package var lastSyncs: [Sync] = []
  /// A few of the caller's entries that have failed, the latest first.
  package var failures: [QueueItem] = []
  /// nil when no daemon is there to say it.
  package var endpoint: EndpointReport?
  /// The users whose writes go out with tokens of their own, as far as the caller may see them, by user id.
  package var accounts: [AccountReport] = []
  /// A person's pause; nil when there is none.
  package var pause: PauseReport?
  package var spool: SpoolReport?
  /// Users whose further files stay in `incoming/`; of others only administrators are told.
  package var bounds: [BoundReport] = []
  package var disk: DiskReport?
  /// Since the daemon's start, when that is less long ago.
  package var lastMinute: RateReport?
  package var lastHour: RateReport?

  package init(daemon: DaemonReport) {
    self.daemon = daemon
  }

  /// A write that was delivered.
  package struct Sync: Hashable, Codable, Sendable {
    package var key: String
    package var at: Timestamp

    package init(key: String, at: Timestamp) {
      (self.key, self.at) = (key, at)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case daemon, pending, waiting, retrying, parked, failed, failures, endpoint, accounts, pause, spool, bounds, disk
    case oldestAcceptedAt = "oldest_accepted_at"
    case lastSyncedAt = "last_synced_at"
    case lastSyncs = "last_syncs"
    case lastMinute = "last_minute"
    case lastHour = "last_hour"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    daemon = try container.decode(DaemonReport.self, forKey: .daemon)
    waiting = try container.decode(Int.self, forKey: .waiting)
    retrying = try container.decode(Int.self, forKey: .retrying)
    parked = try container.decode(Int.self, forKey: .parked)
    failed = try container.decode(Int.self, forKey: .failed)
    oldestAcceptedAt = try container.decodeIfPresent(Timestamp.self, forKey: .oldestAcceptedAt)
    lastSyncedAt = try container.decodeIfPresent(Timestamp.self, forKey: .lastSyncedAt)
    lastSyncs = try container.decodeIfPresent([Sync].self, forKey: .lastSyncs) ?? []
    failures = try container.decodeIfPresent([QueueItem].self, forKey: .failures) ?? []
    endpoint = try container.decodeIfPresent(EndpointReport.self, forKey: .endpoint)
    accounts = try container.decodeIfPresent([AccountReport].self, forKey: .accounts) ?? []
    pause = try container.decodeIfPresent(PauseReport.self, forKey: .pause)
    spool = try container.decodeIfPresent(SpoolReport.self, forKey: .spool)
    bounds = try container.decodeIfPresent([BoundReport].self, forKey: .bounds) ?? []
    disk = try container.decodeIfPresent(DiskReport.self, forKey: .disk)
    lastMinute = try container.decodeIfPresent(RateReport.self, forKey: .lastMinute)
    lastHour = try container.decodeIfPresent(RateReport.self, forKey: .lastHour)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(daemon, forKey: .daemon)
    try container.encode(pending, forKey: .pending)
    try container.encode(waiting, forKey: .waiting)
    try container.encode(retrying, forKey: .retrying)
    try container.encode(parked, forKey: .parked)
    try container.encode(failed, forKey: .failed)
    try container.encodeIfPresent(oldestAcceptedAt, forKey: .oldestAcceptedAt)
    try container.encodeIfPresent(lastSyncedAt, forKey: .lastSyncedAt)
    try container.encode(lastSyncs, forKey: .lastSyncs)
    try container.encode(failures, forKey: .failures)
    try container.encodeIfPresent(endpoint, forKey: .endpoint)
    try container.encode(accounts, forKey: .accounts)
    try container.encodeIfPresent(pause, forKey: .pause)
    try container.encodeIfPresent(spool, forKey: .spool)
    try container.encode(bounds, forKey: .bounds)
    try container.encodeIfPresent(disk, forKey: .disk)
    try container.encodeIfPresent(lastMinute, forKey: .lastMinute)
    try container.encodeIfPresent(lastHour, forKey: .lastHour)
  }
}

/// The daemon that works on the queue.
package struct DaemonReport: Hashable, Codable, Sendable {
  /// nil when whoever asks may not know.
  package var running: Bool?
  package var pid: Int32?
  package var version: String?
  package var startedAt: Timestamp?
  /// Whether its program was replaced on disk since, so that a restart would run another.
  package var isOutdated: Bool?
  package var logLevel: String?
  package var apiBaseURL: String?

  package init(running: Bool?, pid: Int32? = nil) {
    (self.running, self.pid) = (running, pid)
  }

  private enum CodingKeys: String, CodingKey {
    case running, pid, version
    case startedAt = "started_at"
    case isOutdated = "outdated"
    case logLevel = "log_level"
    case apiBaseURL = "api_base_url"
  }
}

/// How the API stands, as far as the daemon knows.
package struct EndpointReport: Hashable, Codable, Sendable {
  package var state: State
  /// Since when; nil where that is not known, as for `untried`.
  package var since: Timestamp?
  /// In the words of the API or the network.
  package var reason: String?
  /// The status of the answer that holds it.
  package var status: Int?
  /// When it is tried next, or when the pause that it asked for ends.
  package var nextProbeAt: Timestamp?
  /// Requests that are under way.
  package var inFlight: Int

  /// Names that scripts see, and which therefore stay.
  package enum State: String, CaseIterable, Codable, Sendable {
    /// Nothing has been asked since the daemon's start.
    case untried
    case reachable
    /// It asked for a pause.
    case paused
    /// It answers, and takes nothing.
    case failing
    case unreachable
    /// It does not accept us.
    case held
  }

  package init(
    state: State, since: Timestamp? = nil, reason: String? = nil, status: Int? = nil, nextProbeAt: Timestamp? = nil, inFlight: Int = 0
  ) {
    (self.state, self.since, self.reason, self.status) = (state, since, reason, status)
    (self.nextProbeAt, self.inFlight) = (nextProbeAt, inFlight)
  }

  private enum CodingKeys: String, CodingKey {
    case state, since, reason, status
    case nextProbeAt = "next_probe_at"
    case inFlight = "in_flight"
  }
}

/// A person's wish that nothing is sent.
package struct PauseReport: Hashable, Codable, Sendable {
  package var since: Timestamp
  /// nil: until somebody resumes.
  package var until: Timestamp?
  package var by: UInt32

  package init(since: Timestamp, until: Timestamp?, by: UInt32) {
    (self.since, self.until, self.by) = (since, until, by)
  }

  private enum CodingKeys: String, CodingKey {
    case since, until
    case by = "by_uid"
  }
}

package struct SpoolReport: Hashable, Codable, Sendable {
  package var directory: String
  /// Files in `incoming/` that are not taken in yet; nil when the directory cannot be read.
  package var waiting: Int?
  /// Files in `claimed/`, on their way into the queue; nil when the directory cannot be read.
  package var claimed: Int?
  /// When the oldest of those was claimed; nil when there is none.
  package var oldestClaimAt: Timestamp?
  /// nil when the directory cannot be read.
  package var rejected: Int?
  /// Whether notices of the kernel ring at each drop; if not, only the rescan finds them.
  package var isWatched: Bool

  package init(
    directory: String, waiting: Int?, claimed: Int? = 0, oldestClaimAt: Timestamp? = nil, rejected: Int?, isWatched: Bool
  ) {
    (self.directory, self.waiting, self.rejected, self.isWatched) = (directory, waiting, rejected, isWatched)
    (self.claimed, self.oldestClaimAt) = (claimed, oldestClaimAt)
  }

  /// Files whose actions are not in the queue yet, wherever they lie; nil when that cannot be told.
  package var unaccepted: Int? { waiting.flatMap { waiting in claimed.map { waiting + $0 } } }

  private enum CodingKeys: String, CodingKey {
    case directory, waiting, claimed, rejected
    case oldestClaimAt = "oldest_claim_at"
    case isWatched = "watched"
  }
}

/// That a user has as much in the queue or among the rejected files as one may have.
package struct BoundReport: Hashable, Codable, Sendable {
  package var sender: UInt32
  package var bound: Bound
  /// The bound's number.
  package var limit: Int
  package var since: Timestamp

  /// Names that scripts see, and which therefore stay.
  package enum Bound: String, CaseIterable, Codable, Sendable {
    /// In `rejected/`.
    case files
    /// Entries of the queue.
    case keys
    /// Of values in the queue.
    case bytes
  }

  package init(sender: UInt32, bound: Bound, limit: Int, since: Timestamp) {
    (self.sender, self.bound, self.limit, self.since) = (sender, bound, limit, since)
  }

  private enum CodingKeys: String, CodingKey {
    case bound, limit, since
    case sender = "sender_uid"
  }
}

package struct DiskReport: Hashable, Codable, Sendable {
  /// Bytes of the queue's files.
  package var queue: Int64
  /// Bytes that the daemon may still fill where the queue lies.
  package var free: Int64
  /// Why the disk cannot be used at present.
  package var trouble: String?

  package init(queue: Int64, free: Int64, trouble: String? = nil) {
    (self.queue, self.free, self.trouble) = (queue, free, trouble)
  }
}

/// How much was done in a time.
package struct RateReport: Hashable, Codable, Sendable {
  package var accepted: Int
  package var delivered: Int
  /// Attempts that failed.
  package var retried: Int

  package init(accepted: Int, delivered: Int, retried: Int) {
    (self.accepted, self.delivered, self.retried) = (accepted, delivered, retried)
  }
}
