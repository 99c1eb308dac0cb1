import Foundation
import ProgressModel
import Spool
import SyncDaemon
import SyncPolicy
import SyncStore
import SystemPackage
import TestSupport
import Testing

/// A queue and a spool in a directory of their own, which goes with them, and what a daemon would have measured of them.
final class MeasuredMachine {
  let directory: URL
  let store: SyncStore
  let spool: SpoolReader
  let instruments = Instruments()
  let start = Timestamp(milliseconds: 1_769_614_200_500)
  private let configuration: Configuration
  private var sequences: [Int: Int64] = [:]

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory.appending(path: "state"), withIntermediateDirectories: true)
    var configuration = Configuration()
    configuration.state.directory = FilePath(directory.appending(path: "state").path)
    configuration.spool.directory = FilePath(directory.appending(path: "spool").path)
    self.configuration = configuration
    store = try SyncStore(path: configuration.queuePath.string)
    spool = try SpoolReader(root: configuration.spool.directory, times: instruments.spoolTimes)
  }

  deinit {
    store.close()
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: directory)
  }

  /// The page, read strictly.
  func page(after time: Duration = .zero) throws -> ExpositionPage {
    let page = MetricsPage(configuration, store: store, instruments: instruments, startedAt: start)
    return try ExpositionPage(page.text(now: start + time))
  }

  func session(day: Int) throws -> Session {
    try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: day) })
  }

  func accept(_ change: Action.Change, day: Int) throws {
    let action = Action(session: try session(day: day), change: change)
    let file = AcceptableFile(claim: UUID().uuidString, sender: 1000, droppedAt: start, actions: [action])
    let debounce = DebouncePolicy(
      complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2), maxWait: .seconds(5)
    )
    let acceptance = try store.accept([file], now: start, debounce: debounce, inFlight: [], forgetting: [])
    sequences[day] = acceptance.first?.entries.last?.sequence
  }

  func retried(_ state: WriteState) -> Fate {
    .retried(at: start, failures: 1, state: state, companyLimit: nil, status: 503, reason: "503")
  }

  func settle(day: Int, _ fate: Fate, _ verdict: FailureVerdict) throws {
    let settlement = Settlement(sequence: try #require(sequences[day]), fate: fate, verdict: verdict)
    _ = try store.settle([settlement], pause: nil, now: start)
  }

  func put(_ part: String, _ name: String) throws {
    try Data("{}".utf8).write(to: directory.appending(path: "spool/\(part)/\(name)"))
  }

  func remove(_ path: String) throws {
    try FileManager.default.removeItem(at: directory.appending(path: path))
  }
}
