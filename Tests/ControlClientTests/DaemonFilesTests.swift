import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import SyncPolicy
import SyncStore
import Testing

@Suite("What the daemon's files tell")
struct DaemonFilesTests {
  private let state: TemporaryState

  init() throws {
    state = try TemporaryState()
  }

  @Test("before the daemon has ever run there is no queue, and asking makes none")
  func noQueue() throws {
    #expect(throws: ControlError.noQueue(path: state.queuePath)) { try state.files.status() }
    #expect(throws: ControlError.noQueue(path: state.queuePath)) { try state.files.queue() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: state.directory.path).isEmpty)
  }

  @Test("an empty queue is pending nothing and was never synced")
  func empty() throws {
    _ = try state.openStore()
    #expect(try state.files.status() == StatusReport(daemon: DaemonReport(running: false)))
    #expect(try state.files.queue() == [])
  }

  @Test("the queue is told in the order of acceptance, with attempts, reasons and next times, and what failed apart")
  func queue() throws {
    let store = try state.openStore()
    try store.accept(.uncomplete)
    try store.accept(.rate(.hard), at: start + .seconds(1))
    try store.settleLast(
      .retried(at: start + .seconds(5), failures: 1, state: .retrying, companyLimit: nil, status: 503, reason: "503: busy"))
    try store.accept(.rate(.easy), day: 4, at: start + .seconds(2))
    try store.settleLast(.retried(at: start + .seconds(60), failures: 4, state: .parked, companyLimit: nil, status: nil, reason: "refused"))
    try store.accept(.rate(.easy), day: 5, at: start + .seconds(3))
    try store.settleLast(.failed(status: 422, reason: "no such week"))

    let waiting = QueueItem(
      id: 1, key: "complete-p1-1-3", state: .waiting, attempts: 0, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .milliseconds(500)
    )
    let retrying = QueueItem(
      id: 2, key: "intensity-p1-1-3", state: .retrying, attempts: 1, maximumAttempts: 3, acceptedAt: start + .seconds(1),
      nextAttemptAt: start + .seconds(5), lastStatus: 503, lastError: "503: busy")
    let parked = QueueItem(
      id: 3, key: "intensity-p1-1-4", state: .parked, attempts: 3, maximumAttempts: 3, acceptedAt: start + .seconds(2),
      nextAttemptAt: start + .seconds(60), lastError: "refused")
    let items = try state.files.queue()
    let told = items.map { item in
      #expect(item.recordedAt == item.acceptedAt && item.value?.hasPrefix("{") == true)
      var item = item
      (item.recordedAt, item.sender, item.value) = (nil, 0, nil)
      return item
    }
    #expect(Array(told.dropLast()) == [waiting, retrying, parked])
    let failed = try #require(items.last)
    #expect(failed.key == "intensity-p1-1-5" && failed.state == .failed && failed.nextAttemptAt == nil)
    #expect(failed.lastStatus == 422 && failed.lastError == "no such week")
  }

  @Test(
    "a filter lets through what has one of its states, keys and ids each",
    arguments: [
      (QueueFilter(states: [.failed]), [2]), (QueueFilter(states: [.waiting, .failed]), [1, 2, 3]),
      (QueueFilter(keys: ["intensity-p1-1-5", "none"]), [3]), (QueueFilter(ids: [1, 3, 9]), [1, 3]),
      (QueueFilter(states: [.waiting], keys: ["intensity-p1-1-4"]), []),
    ] as [(QueueFilter, [Int64])])
  func filter(filter: QueueFilter, ids: [Int64]) throws {
    let store = try state.openStore()
    try store.accept(.uncomplete)
    try store.accept(.rate(.easy), day: 4)
    try store.settleLast(.failed(status: 422, reason: "no such week"))
    try store.accept(.rate(.easy), day: 5)
    #expect(try state.files.queue(filter).map(\.id) == ids)
  }

  @Test("the status counts by state, and the oldest is the oldest that is still to be delivered")
  func status() throws {
    let store = try state.openStore()
    try store.accept(.rate(.easy), day: 1)
    try store.settleLast(.failed(status: 422, reason: "no"))
    try store.accept(.rate(.easy), day: 2, at: start + .seconds(1))
    try store.settleLast(.delivered, at: start + .seconds(9))
    try store.accept(.rate(.easy), day: 3, at: start + .seconds(2))
    try store.settleLast(.retried(at: start + .seconds(60), failures: 1, state: .retrying, companyLimit: nil, status: nil, reason: "no"))
    try store.accept(.rate(.easy), day: 4, at: start + .seconds(3))

    var expected = StatusReport(daemon: DaemonReport(running: false))
    (expected.waiting, expected.retrying, expected.failed) = (1, 1, 1)
    (expected.oldestAcceptedAt, expected.lastSyncedAt) = (start + .seconds(2), start + .seconds(9))
    #expect(try state.files.status() == expected)
  }

  @Test("a pause is told as long as it holds")
  func pause() throws {
    let store = try state.openStore()
    try store.suspend(Suspension(since: start, length: nil, by: 7))
    #expect(try state.files.status().pause == PauseReport(since: start, until: nil, by: 7))
    try store.suspend(Suspension(since: start, length: .seconds(1), by: 7))
    #expect(try state.files.status().pause == nil)
  }

  @Test("what has become of an action is told to whoever dropped it")
  func action() throws {
    let store = try state.openStore()
    let mine = try #require(ActionID("mine"))
    let theirs = try #require(ActionID("theirs"))
    let session = try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: 3) })
    let key = WriteKey(session: session, field: .completion)
    #expect(try state.files.state(of: mine, keys: [key]).state == .unknown)
    try store.accept(.uncomplete, id: "mine", sender: geteuid())
    try store.accept(.uncomplete, id: "theirs", sender: geteuid() + 1)
    #expect(try state.files.state(of: mine, keys: [key]).state == .accepted)
    #expect(try state.files.state(of: theirs, keys: [key]).state == .unknown)
    try store.settleLast(.failed(status: 422, reason: "no such week"))
    #expect(try state.files.state(of: mine, keys: [key]) == ActionReport(state: .failed, reason: "no such week"))
    let delivered = WriteKey(session: session, field: .intensity)
    #expect(try state.files.state(of: mine, keys: [delivered]).state == .synced)
  }

  @Test("a file that is no database is a damage that is told, not an empty queue")
  func damaged() throws {
    try Data("not a database, and longer than the header of one, so that it is read as far as that goes: no.".utf8)
      .write(to: URL(filePath: state.queuePath))
    let error = #expect(throws: ControlError.self) { try state.files.queue() }
    guard case .unreadable(let words) = try #require(error) else {
      Issue.record("not \(String(describing: error))")
      return
    }
    #expect(words.contains(state.queuePath))
  }
}
