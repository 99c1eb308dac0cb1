package import ProgressModel
package import SyncPolicy
import SyncStore

/// The work loop, one turn at a time.
///
/// A turn takes the time and what has happened, works on the spool and the queue, and returns the requests to start and
/// when to be called again. It never awaits and never asks the clock, so the same engine runs in the daemon and in a
/// simulation. Memory holds only what is in flight: what is lost with it is found again in the spool and the queue.
package struct SyncEngine<Files: SpoolPort, Queue: QueuePort> {
  let spool: Files
  let store: Queue
  var settings: EngineSettings
  var random: any RandomNumberGenerator

  /// What everybody has in common of the API.
  var endpoint = EndpointHealth()
  /// What was last said of it.
  var reportedEndpoint = EndpointHealth.State.reachable
  /// What each account has to itself.
  var desks: [Account: AccountDesk] = [:]
  /// The account that was served last, and that of which something fresh was, so that each has its turn.
  var (served, servedFresh): (Account?, Account?) = (nil, nil)
  /// At most one request per session of an account: servers that create a session's row on the first write would create two.
  var inFlight: [Delivery] = []
  /// Answers that are not settled in the queue yet; between turns there are some only while the disk fails.
  var unsettled: [Answer] = []
  /// Whether what only a missing answer put off is to be made due. A new life begins so, because it knows of no outage.
  var mustRelease = true
  /// Accounts of which the same holds, as their tokens are accepted again.
  var accountsToRelease: Set<Account> = []
  /// Whether the queue may have something in the common account of a user who has a token of his own, and where the search goes on.
  var mustMove = true
  var moveCursor: EntryCursor?
  /// Whether everything in the queue is to be made due.
  var mustFlush = false
  /// Whether an earlier life's pause has been taken up.
  var hasRecalled = false
  /// A person's wish that nothing is sent, and whether that of an earlier life has been taken up.
  var suspension: Suspension?
  var hasRecalledSuspension = false
  /// Whether the queue still has one whose time is over.
  var mustForgetSuspension = false
  /// What people asked for, in their order.
  var commands: [CommandUnderWay] = []
  /// When the endpoint came into its state; nil when nothing has been answered since the start, or since there was reason to try anew.
  package internal(set) var endpointSince: Timestamp?
  /// When there was last reason to try anew, and when there will be one that has come too soon after it.
  var wokenAt: Timestamp?
  var wakesAt: Timestamp?
  /// Who has given that reason.
  var wakingSenders: Set<UInt32> = []
  /// Whether the API was found to have no bulk-sync; asked again after each ring.
  var lacksBulkSync = false
  /// Whether the next lane is for what is fresh.
  var isFreshNext = false
  /// Whether due times may be out of reach: at the start, and after the clock was set back.
  var mustClamp = true
  private var lastTurnAt: Timestamp?
  /// Whether something was dropped since the spool was last looked at.
  var mustLook = false
  /// Who is at a bound.
  var boundsOfSenders: [UInt32: ReachedBound] = [:]
  /// Whether everything in `claimed/` has been accepted or refused.
  var isRecovered = false
  /// When the spool is read next without a ring.
  var rescanAt: Timestamp?
  /// How many times it was read.
  var scans = 0
  /// When old acceptances are forgotten next.
  var forgetAt: Timestamp?
  /// Claims that are accepted and durably unlinked; the next acceptance drops their receipts.
  var forgettable: [String] = []
  /// The parts of a turn that the disk did not let happen.
  private(set) var troubles: [Step: Trouble] = [:]

  /// The parts of a turn; trouble with one does not stop the others.
  enum Step: CaseIterable {
    case settle
    case accept
    case plan
  }

  struct Trouble {
    let reason: String
    private let metAt: Timestamp
    private(set) var retryAt: Timestamp

    init(_ reason: String, now: Timestamp) {
      (self.reason, metAt, retryAt) = (reason, now, now + SyncEngine.troubleRetryInterval)
    }

    /// Something has happened there: it may be over, though a flood of drops tells nothing of the kind.
    mutating func hasten() { retryAt = metAt + SyncEngine.hastenedRetryInterval }
  }

  static var troubleRetryInterval: Duration { .seconds(5) }
  static var hastenedRetryInterval: Duration { .seconds(1) }
  /// Between two commands of people who are no administrators that have the API tried at once.
  static var wakeInterval: Duration { .seconds(1) }
  /// How long clients' ids of actions are remembered, what was discarded, which is told of them, and receipts that outlived their use: as
  /// long as the API remembers an idempotency key.
  static var acceptanceMemory: Duration { .seconds(90 * 86_400) }

  package init(spool: Files, store: Queue, settings: EngineSettings, random: any RandomNumberGenerator = SystemRandomNumberGenerator()) {
    (self.spool, self.store, self.settings, self.random) = (spool, store, settings, random)
  }

  /// Makes one turn: settles the answers that came, accepts what lies in the spool (one batch), plans what is due.
  ///
  /// Never throws: what the disk refuses stays as it was there and is tried again after a few seconds.
  package mutating func turn(_ input: TurnInput, now: Timestamp) -> Turn {
    var turn = Turn()
    unsettled += input.answers
    if input.endpointRang || input.isFlush { wakeEndpoint(now: now, breakingPause: input.isFlush) }
    if input.isFlush { (mustFlush, hasRecalled) = (true, true) }
    if let lastTurnAt, now < lastTurnAt {
      endpoint.clamp(now: now, retry: settings.retry)
      for account in desks.keys { desks[account]?.token.clamp(now: now) }
      suspension?.clamp(now: now, step: lastTurnAt - now)
      endpointSince = endpointSince.map { min($0, now) }
      (mustClamp, rescanAt, forgetAt) = (true, nil, nil)
      wakesAt = wakesAt.map { min($0, now) }
    }
    lastTurnAt = now
    if let wakesAt, wakesAt <= now { wakeEndpoint(now: now, senders: wakingSenders) }
    if input.spoolRang {
      mustLook = true
      troubles[.accept]?.hasten()
    }
    for command in input.commands { take(command, now: now) }
    // Before the queue is touched: a disk that refuses to settle must not hide an API's wish for silence.
    for answer in input.answers { observe(answer, now: now, &turn) }
    attempt(.settle, now: now, &turn) { try $0.settle(now: now, &$1) }
    perform(now: now, isStopping: input.isStopping, &turn)
    if !input.isStopping {
      attempt(.accept, now: now, &turn) { try $0.accept(now: now, &$1) }
      if !commands.contains(where: { $0.holdsSending(now: now) }) { attempt(.plan, now: now, &turn) { try $0.plan(now: now, &$1) } }
    }
    let retryAt = troubles.filter { !input.isStopping || $0.key == .settle }.map(\.value.retryAt).min()
    // What changes many rows does so in steps, so that no turn takes long.
    let hasSteps = mustClamp || mustFlush || mustRelease || mustMove || !accountsToRelease.isEmpty || mustForgetSuspension
    let nextStep = (troubles[.settle] == nil && hasSteps) || !commands.isEmpty ? now : nil
    turn.wakeAt = [turn.wakeAt, wakesAt, input.isStopping ? nil : intakeWake(now: now), nextStep, retryAt].compactMap { $0 }.min()
    return turn
  }

  /// Takes over a new configuration from the next turn on.
  package mutating func apply(_ settings: EngineSettings) {
    if settings.accounts != self.settings.accounts { (mustMove, moveCursor) = (true, nil) }
    self.settings = settings
  }

  /// Another API is called from the next turn on: since when the former one was in its state does not hold for it.
  package mutating func noteOtherEndpoint() {
    endpointSince = nil
  }

  /// Whether every request has been answered and settled, and every command done.
  package var isQuiet: Bool { inFlight.isEmpty && unsettled.isEmpty && commands.isEmpty }

  /// How things stand; takes constant time, however long the queue is.
  package func status() throws -> EngineStatus {
    let rows = try store.rowsByAccount()
    let accounts = Set(rows.keys).union(settings.accounts.map { .user($0) }).union([.common]).sorted()
    return EngineStatus(
      counts: try store.counts(), endpoint: endpoint.state, endpointSince: endpointSince,
      accounts: accounts.map { AccountStatus($0, hold: desks[$0]?.token.hold, rows: rows[$0] ?? 0) }, inFlight: inFlight.count,
      suspension: suspension, reachedBounds: reachedBounds, storageTrouble: storageTrouble)
  }

  /// What is known of the API, whoever calls it.
  package var endpointState: EndpointHealth.State { endpoint.state }

  /// The accounts of which nothing goes out, and why.
  package var holds: [Account: Hold] { desks.compactMapValues(\.token.hold) }

  /// Whose files stay in `incoming/`, by user id.
  package var reachedBounds: [ReachedBound] { boundsOfSenders.values.sorted { $0.sender < $1.sender } }

  /// Why the spool or the queue cannot be used at present.
  package var storageTrouble: String? { Step.allCases.compactMap { troubles[$0]?.reason }.first }

  private mutating func attempt(_ step: Step, now: Timestamp, _ turn: inout Turn, body: (inout Self, inout Turn) throws -> Void) {
    let trouble = troubles[step]
    if let trouble, now < trouble.retryAt, trouble.retryAt <= now + Self.troubleRetryInterval { return }
    do {
      do {
        try body(&self, &turn)
      } catch SyncStoreError.unreadable(let sequence) {
        try store.setAside(unreadable: sequence)
        turn.events.append(.setAside(row: sequence))
        turn.wakeAt = now
      }
      troubles[step] = nil
      if trouble != nil, troubles.isEmpty { turn.events.append(.storageRecovered) }
    } catch {
      if troubles.isEmpty { turn.events.append(.storageFailed(reason: "\(error)")) }
      troubles[step] = Trouble("\(error)", now: now)
    }
  }
}
