import Foundation
import Glibc
import TestSupport
import Testing

@Suite("A disk in trouble")
struct DiskTroubleTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  private func hasSaid(_ words: String) -> Bool {
    machine.notifications.received.contains { $0.hasPrefix("STATUS=") && $0.contains(words) }
  }

  /// Drops a file with no more than a rename, which needs no space.
  private func prepareDrop(_ text: String, named name: String) throws -> () -> Bool {
    let temporary = machine.incoming.appending(path: ".\(name).tmp")
    try Data(text.utf8).write(to: temporary)
    let target = machine.incoming.appending(path: "\(name).json")
    return { rename(temporary.path, target.path) == 0 }
  }

  @Test(
    "that is full stops no delivery, keeps what is dropped, says so, and is mended by space alone",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"), arguments: [700, 2_048])
  func full(kibibytes: Int) async throws {
    let state = try SmallDisk(kibibytes: kibibytes, at: machine.directory.appending(path: "state"))
    let spool = try SmallDisk(kibibytes: 512, at: machine.directory.appending(path: "spool"))
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms, max_wait: 2s}")
    try await machine.startDaemon()
    try await machine.stopAPI()
    for day in 1...40 { try machine.drop(rating("hard", day: day)) }
    try await eventually("everything is queued") { try machine.pending() == 40 && machine.files(in: "claimed").isEmpty }
    let actions = (1...480).map { action("exercise", day: 1 + $0 % 50, "\"exercise\":{\"exercise_id\":\"e\($0)\"}") }
    let drop = try prepareDrop("[\(actions.joined(separator: ","))]", named: "large")
    try state.fill()
    try spool.fill()
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGHUP)
    try await eventually("everything is delivered and settled") { try machine.pending() == 0 && machine.rows().count == 40 }
    try state.fill()
    #expect(drop())
    try await eventually("the status names the full disk") { hasSaid("the disk is full: make space for ") }
    #expect(try machine.files(in: "incoming").count + machine.files(in: "claimed").count == 1)
    let status = try await machine.progressctl("status")
    #expect(status.words.contains(/\nspool +1 waiting, 0 rejected/), "\(status.words)")
    try state.clear()
    try spool.clear()
    try await eventually("what was dropped has arrived") { try machine.rows().count == 50 && machine.isDone() }
    #expect(try machine.daemonLog.split(separator: "\n").count { $0.contains("cannot be used; nothing is lost") } <= 2)
    #expect(try machine.daemonLog.contains("can be used again"))
    try await machine.stopDaemon()
  }

  @Test(
    "that is too small for many files at once takes them one by one",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
  func oneByOne() async throws {
    let state = try SmallDisk(kibibytes: 2_048, at: machine.directory.appending(path: "state"))
    try await machine.startAPI()
    try machine.configure("debounce: {exercise: 10ms, max_wait: 2s}")
    try FileManager.default.createDirectory(at: machine.incoming, withIntermediateDirectories: true)
    let notes = String(repeating: "n", count: 300)
    for file in 1...30 {
      let actions = (1...100).map { number in
        action("exercise", day: 1 + number % 50, "\"exercise\":{\"exercise_id\":\"e\(file)-\(number)\",\"notes\":\"\(notes)\"}")
      }
      try machine.drop("[\(actions.joined(separator: ","))]")
    }
    try await machine.startDaemon()
    try await eventually("everything has arrived", within: .seconds(180)) { try machine.rows().count == 50 && machine.isDone() }
    _ = consume state
  }

  @Test(
    "that fails or refuses is survived, said once, and costs nothing",
    .enabled(if: FailingDisk.isPossible, "needs a C compiler"), arguments: [FailingDisk.Failure.sync, .readOnly, .quota])
  func failing(failure: FailingDisk.Failure) async throws {
    let disk = try FailingDisk(in: machine.directory)
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms, max_wait: 2s}")
    try await machine.startDaemon(environment: disk.environment)
    try await machine.stopAPI()
    for day in 1...10 { try machine.drop(rating("hard", day: day)) }
    try await eventually("everything is queued") { try machine.pending() == 10 }
    try disk.fail(failure)
    try machine.drop(action("complete", day: 49))
    try machine.drop(action("complete", day: 50))
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGHUP)
    let words = [.sync: "Input/output error", .readOnly: "Read-only file system", .quota: "the disk is full"][failure] ?? ""
    try await eventually("the log and the status say so") { try machine.daemonLog.contains(words) && hasSaid(words) }
    #expect(try machine.pending() >= 10)
    try disk.mend()
    let all = (1...10).map { "1-\($0) open hard" } + ["1-49 done", "1-50 done"]
    try await eventually("it recovers by itself") { try machine.isDone() && machine.rows() == all }
    #expect(try machine.daemonLog.split(separator: "\n").count { $0.contains("cannot be used; nothing is lost") } <= 2)
    try await machine.stopDaemon()
  }

  @Test("whose syncs fail takes nothing back after a kill in the middle of it", .enabled(if: FailingDisk.isPossible, "needs a C compiler"))
  func killedWhileFailing() async throws {
    let disk = try FailingDisk(in: machine.directory)
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 1h, intensity: 1h, max_wait: 1h}")
    for _ in 1...3 {
      try await machine.startDaemon(environment: disk.environment)
      try machine.drop(rating("hard", day: Int.random(in: 1...10)))
      try await eventually("it is queued") { try machine.files(in: "incoming").isEmpty && machine.files(in: "claimed").isEmpty }
      try disk.fail(.sync)
      try machine.drop(rating("easy", day: 20))
      try await eventually("it cannot be taken in") { try !machine.files(in: "claimed").isEmpty && hasSaid("Input/output error") }
      try await machine.killDaemon()
      try disk.mend()
    }
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms, max_wait: 2s}")
    try await machine.startDaemon()
    try machine.drop(rating("hard", day: 21))
    try await eventually("what came after it has arrived") { try machine.rows().contains("1-21 open hard") }
    #expect(try machine.files(in: "claimed").isEmpty)
  }
}
