import ControlProtocol
import ControlServer
import Foundation
import Glibc
import Logging
import ProgressModel
import Spool
import Synchronization
import SystemPackage
import Systemd
import Testing

@testable import SyncDaemon

@Suite("Files that people ask about", .timeLimit(.minutes(5)))
struct FileDeskTests {
  private let machine: MeasuredMachine
  private let control: DaemonControl

  init() throws {
    machine = try MeasuredMachine()
    control = try machine.control()
  }

  @Test("are looked at one at a time, and all tasks go on while a look takes its time")
  func oneAtATime() async throws {
    let (desk, counts) = (FileDesk(), Counts())
    await withTaskGroup(of: Void.self) { group in
      // More than there are threads for all tasks together.
      for number in 0..<64 {
        group.addTask {
          await desk.run {
            counts.begin()
            // The first waits for a task that would never come if the tasks' own threads were taken.
            while number == 0, !counts.goesOn { usleep(1_000) }
            counts.end()
          }
        }
      }
      group.addTask { counts.goOn() }
    }
    #expect(counts.together == 1)
  }

  private final class Counts: Sendable {
    private let state = Mutex((underWay: 0, together: 0, goesOn: false))

    var together: Int { state.withLock { $0.together } }
    var goesOn: Bool { state.withLock { $0.goesOn } }

    func begin() {
      state.withLock {
        $0.underWay += 1
        $0.together = max($0.together, $0.underWay)
      }
    }

    func end() { state.withLock { $0.underWay -= 1 } }

    func goOn() { state.withLock { $0.goesOn = true } }
  }

  @Test("go back by the thousand, step by step, and are thrown away so")
  func manyFiles() async throws {
    for number in 1...1_203 { try machine.put("rejected", "\(number).json") }
    let requeued = try await control.requeue(RejectedChoice(names: ["1.json", "2.json", "x.json"]), for: caller)
    #expect(requeued.changed == 2 && requeued.missing == ["x.json"])
    #expect(requeued.message == "2 files requeued; 1 not there")
    #expect(try await control.requeue(RejectedChoice(all: true), for: caller).changed == 1_201)
    #expect(try await control.rejectedFiles(for: caller).isEmpty)
    #expect(try await control.status(for: caller).spool?.waiting == 1_203)
    for number in 1...501 { try machine.put("rejected", "\(number).json") }
    #expect(try await control.discard(RejectedChoice(all: true), for: Caller(uid: 4_711, daemon: 4_712)).changed == 0)
    #expect(
      try await control.discard(RejectedChoice(all: true), for: caller) == CommandReport(changed: 501, message: "501 files discarded"))
  }

  @Test("stay where they are when nobody waits for it any more")
  func cancelled() async throws {
    for number in 1...10 { try machine.put("rejected", "\(number).json") }
    let control = control
    let result = await withTaskGroup(of: Result<CommandReport, any Error>.self) { group in
      group.addTask {
        withUnsafeCurrentTask { $0?.cancel() }
        do {
          return .success(try await control.discard(RejectedChoice(all: true), for: Caller(uid: 0, daemon: 0)))
        } catch {
          return .failure(error)
        }
      }
      return await group.next()
    }
    let refusal = #expect(throws: ControlRefusal.self) { try #require(result).get() }
    #expect(refusal?.kind == .unavailable && refusal?.error.contains("0 were discarded before") == true)
    #expect(try await control.rejectedFiles(for: caller).count == 10)
  }

  private var caller: Caller { Caller(uid: 0, daemon: 0) }
}

extension MeasuredMachine {
  /// The daemon of this machine as the control socket sees it.
  fileprivate func control() throws -> DaemonControl {
    let text = "spool.directory: \(directory.path)/spool\nstate.directory: \(directory.path)/state\n"
    let resolved = try ConfigurationSources(kind: .system, file: "config.yaml", fileText: text).resolve()
    let commons = Commons(
      chronicle: Chronicle(), instruments: instruments, running: RunningConfiguration(resolved), threshold: LogThreshold(.info))
    let page = MetricsPage(resolved.configuration, store: store, instruments: instruments, startedAt: start)
    let start = start
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return DaemonControl(resolved.configuration, commons, metricsPage: page, startedAt: start, logger: logger) { start }
  }
}
