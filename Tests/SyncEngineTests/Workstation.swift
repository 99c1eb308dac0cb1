import Foundation
import GRDB
import Glibc
import ProgressModel
import Spool
import SyncEngine
import SyncPolicy
import SyncStore
import SystemPackage
import TestSupport

/// A machine with a real spool and a real queue, an engine that can be killed and started, and a clock that only a test moves.
final class Workstation {
  let directory: URL
  private let seed: UInt64
  private(set) var now = Timestamp(milliseconds: 1_769_614_200_000)
  private(set) var events: [SyncEvent] = []
  private(set) var results: [CommandResult] = []
  /// Every request that was made, in order.
  private(set) var deliveries: [Delivery] = []
  /// What they changed.
  var calls: [SessionUpdate] { deliveries.flatMap(\.call.updates) }
  /// Requests that the API has not answered yet.
  var underWay: [Delivery] = []
  private var settings = settings
  private var engine: SyncEngine<SpoolReader, SyncStore>
  private(set) var wakeAt: Timestamp?
  private var dropped = 0

  static let settings = EngineSettings(
    debounce: DebouncePolicy(
      complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2), maxWait: .seconds(5)
    ),
    retry: RetryPolicy(backoff: [.seconds(1), .seconds(5), .seconds(15)], parkedInitial: .seconds(60), parkedMax: .seconds(900)),
    maximumConcurrentRequests: 8, rescanInterval: .seconds(60))

  /// - Parameter seed: Of the engine's jitter.
  init(seed: UInt64 = 1) throws {
    self.seed = seed
    directory = FileManager.default.temporaryDirectory.appending(path: "workstation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    engine = try Self.makeEngine(in: directory, settings, seed: seed)
  }

  deinit {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }

  private static func makeEngine(in directory: URL, _ settings: EngineSettings, seed: UInt64) throws -> SyncEngine<SpoolReader, SyncStore> {
    let spool = try SpoolReader(root: FilePath(directory.appending(path: "spool").path))
    let store = try SyncStore(path: directory.appending(path: "queue.sqlite").path)
    return SyncEngine(spool: spool, store: store, settings: settings, random: SeededGenerator(seed: seed))
  }

  /// What SIGKILL and a new start do: memory is gone, and the answers to what was under way reach nobody.
  func killAndStart() throws {
    underWay = []
    engine = try Self.makeEngine(in: directory, settings, seed: seed)
    turn(TurnInput())
  }

  /// Drops a file and rings.
  ///
  /// - Parameter owner: Whose file it is; another one's than the test's takes root.
  func drop(_ text: String, as name: String? = nil, owner: UInt32? = nil, ringing: Bool = true) throws {
    dropped += 1
    let url = directory.appending(path: "spool/incoming/\(name ?? "action-\(padded: dropped).json")")
    try Data(text.utf8).write(to: url)
    // The file's time follows the test's clock, not the machine's.
    let instant = Date(timeIntervalSince1970: Double(now.milliseconds) / 1000 - 60)
    try FileManager.default.setAttributes([.modificationDate: instant], ofItemAtPath: url.path)
    if let owner { guard chown(url.path, owner, owner) == 0 else { throw SyncStoreError.other("chown: \(errno)") } }
    if ringing { turn(TurnInput(spoolRang: true)) }
  }

  /// Goes as far as a daemon that is killed between the claim and the acceptance.
  func claimWithoutAccepting() throws {
    let reader = try SpoolReader(root: FilePath(spool.path))
    try reader.scan(now: now)
    _ = try reader.claim(atMost: 100, now: now)
  }

  private var spool: URL { directory.appending(path: "spool") }
  private var hiddenSpool: URL { directory.appending(path: "hidden") }

  /// Puts a file in the spool's place.
  func breakSpool() throws {
    try FileManager.default.moveItem(at: spool, to: hiddenSpool)
    try Data().write(to: spool)
  }

  func mendSpool() throws {
    try FileManager.default.removeItem(at: spool)
    try FileManager.default.moveItem(at: hiddenSpool, to: spool)
  }

  /// Writes into the queue what no daemon writes.
  func damageRow(day: Int) throws {
    try DatabaseQueue(path: directory.appending(path: "queue.sqlite").path).write { database in
      try database.execute(sql: "UPDATE writes SET value = '{}' WHERE day_number = ?", arguments: [day])
    }
  }

  func turn(_ input: TurnInput) {
    let turn = engine.turn(input, now: now)
    events += turn.events
    results += turn.results
    deliveries += turn.deliveries
    underWay += turn.deliveries
    wakeAt = turn.wakeAt
  }

  /// Answers one request that is under way.
  func answer(_ delivery: Delivery, _ outcome: DeliveryOutcome) {
    underWay.removeAll { $0 == delivery }
    turn(TurnInput(answers: [Answer(delivery, outcome)]))
  }

  /// Lets time pass: turns when the engine asked for one, and has `api` answer each request at once; nil leaves it under way.
  ///
  /// `api` sees single updates; a bulk request is delivered when all of it would be, and has its first trouble otherwise.
  func pass(_ duration: Duration, api: (SessionUpdate) -> DeliveryOutcome? = { _ in .delivered }) {
    passRequests(duration) { delivery in
      let outcomes = delivery.call.updates.map(api)
      return outcomes.first { $0 != .delivered } ?? .delivered
    }
  }

  /// The same, with an `api` that sees whole requests.
  func passRequests(_ duration: Duration, api: (Delivery) -> DeliveryOutcome?) {
    let end = now + duration
    repeat {
      if let wakeAt, wakeAt <= now { turn(TurnInput()) }
      var silent: Set<Delivery> = []
      while let delivery = underWay.first(where: { !silent.contains($0) }) {
        if let outcome = api(delivery) { answer(delivery, outcome) } else { silent.insert(delivery) }
      }
      now = min(end, max(wakeAt ?? end, now + .milliseconds(1)))
    } while now < end
  }

  /// Lets time pass without a turn.
  func advance(_ duration: Duration) { now = now + duration }

  /// Sets the clock; the timer that the engine asked for runs on regardless.
  func setClock(by duration: Duration) {
    now = now + duration
    wakeAt = wakeAt.map { $0 + duration }
  }

  func apply(_ settings: EngineSettings) {
    self.settings = settings
    engine.apply(settings)
  }

  /// Begins the record of requests and events anew.
  func forget() {
    (deliveries, events) = ([], [])
  }

  func ringEndpoint() { turn(TurnInput(endpointRang: true)) }
  func flush() { turn(TurnInput(isFlush: true)) }
  func noteOtherEndpoint() { engine.noteOtherEndpoint() }

  /// The answer to the oldest command that has one.
  func takeResult() -> CommandResult? { results.isEmpty ? nil : results.removeFirst() }

  /// Who drops files here.
  let owner = geteuid()

  /// Keeps a pause from being forgotten.
  func lockQueue() throws {
    try DatabaseQueue(path: directory.appending(path: "queue.sqlite").path).write { database in
      try database.execute(sql: "CREATE TRIGGER locked BEFORE DELETE ON suspension BEGIN SELECT raise(ABORT, 'refused'); END")
    }
  }

  func unlockQueue() throws {
    try DatabaseQueue(path: directory.appending(path: "queue.sqlite").path).write { try $0.execute(sql: "DROP TRIGGER locked") }
  }

  func state(of id: String, keys: [String]) throws -> ActionState? {
    let store = try SyncStore.reading(path: directory.appending(path: "queue.sqlite").path)
    return try ActionID(id).map { try store.state(of: $0, sender: owner, keys: keys, confinedTo: nil) }
  }

  func entries() throws -> [QueueEntry] {
    try SyncStore.reading(path: directory.appending(path: "queue.sqlite").path).entries(sender: nil, atMost: .max)
  }

  var status: EngineStatus { get throws { try engine.status() } }
  var counts: QueueCounts { get throws { try engine.status().counts } }
  var endpoint: EndpointHealth.State { get throws { try engine.status().endpoint } }

  func files(in part: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: "spool/\(part)").path).sorted()
  }
}

extension DefaultStringInterpolation {
  fileprivate mutating func appendInterpolation(padded number: Int) {
    appendLiteral(String(repeating: "0", count: max(0, 6 - String(number).count)) + String(number))
  }
}

func action(_ name: String, _ fields: String = "", week: Int = 1, day: Int = 3, program: String = "p1") -> String {
  "{\"action\":\"\(name)\",\"program_id\":\"\(program)\",\"week_number\":\(week),\"day_number\":\(day)\(fields.isEmpty ? "" : ",")\(fields)}"
}
