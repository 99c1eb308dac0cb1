import CrashPoints
import Foundation
import Glibc
import TestSupport
import Testing

// One after the other: twenty daemons that start at once leave no time for tests that run beside them.
@Suite("A daemon that is killed at a named point loses nothing, and lets nothing older win", .serialized, .timeLimit(.minutes(5)))
struct CrashPointTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
    try FileManager.default.createDirectory(at: machine.incoming, withIntermediateDirectories: true)
  }

  /// What is handed over by socket takes somebody who does; `SubmissionTests` has it.
  private static let points = CrashPoint.allCases.filter { !CrashPoint.ofRescue.contains($0) && $0 != .entrusted }

  @Test("nor when its next life ends at the same point", arguments: points)
  func killed(point: CrashPoint) async throws {
    try await die(at: point.rawValue)
  }

  @Test(
    "in the middle of a batch",
    arguments: [(CrashPoint.claimed, 4), (.accepting, 5), (.unlinked, 3), (.sending, 2), (.settlingOne, 2)])
  func killedLater(point: CrashPoint, number: Int) async throws {
    try await die(at: "\(point.rawValue):\(number)")
  }

  /// Two lives that end at the point, each with files of its own, and one that ends well.
  private func die(at point: String) async throws {
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 20ms, intensity: 20ms, schedule: 20ms}")
    try dropFirst()
    try await machine.expectDeath(at: point)
    try dropSecond()
    try await machine.expectDeath(at: point)
    try machine.drop(rating("perfect", day: 5))
    try await machine.startDaemon()
    try await eventually("everything is delivered") { try machine.isDone() }
    // Where nothing had been done yet, undoing it makes no row.
    let rows = try machine.rows().filter { !$0.hasSuffix(" open") }
    #expect(rows == Self.lastDropped)
    try expectRefused()
    #expect(try machine.acceptedWrites() == Self.droppedWrites, "each dropped value was accepted once")
    #expect(try machine.countedWrites() == Self.droppedWrites, "and counted once, whatever became of it")
    let log = try machine.daemonLog
    #expect(!log.contains(" error ") && !log.contains(" critical "), "\(log)")
  }

  private func dropFirst() throws {
    try machine.drop(rating("easy", day: 1))
    try machine.drop(action("complete", day: 2, "\"intensity_rating\":\"hard\",\"scheduled_date\":\"2026-01-28\""))
    try machine.drop(action("complete", day: 3, "\"id\":\"once\""))
    try machine.drop("[" + (10...14).map { action("complete", day: $0) }.joined(separator: ",") + "]")
    try machine.drop("{\"action\":\"rubbish\"}")
    try machine.drop(rating("hard", day: 1))
    try machine.drop(action("complete", day: 4))
    try machine.drop(action("complete", day: 5))
  }

  /// Newer values for what the first life may have accepted, sent or neither; and a doubled action that comes too late to win.
  private func dropSecond() throws {
    try machine.drop(action("uncomplete", day: 3))
    try machine.drop(action("complete", day: 3, "\"id\":\"once\""))
    try machine.drop(rating("perfect", day: 1))
    try machine.drop("[" + (10...12).map { action("uncomplete", day: $0) }.joined(separator: ",") + "]")
    try machine.drop("more rubbish")
    try machine.drop(action("complete", day: 4, "\"intensity_rating\":\"easy\""))
  }

  private static let lastDropped = [
    "1-1 open perfect", "1-2 done hard 2026-01-28", "1-4 done easy", "1-5 done perfect", "1-13 done", "1-14 done",
  ]

  /// Thirteen in the first life's files, seven in the second's, where the doubled action makes none, and one in the last.
  private static let droppedWrites = 21

  /// Both pieces of rubbish are there, whatever they are called now, and each has its reason.
  private func expectRefused() throws {
    let directory = machine.directory.appending(path: "spool/rejected")
    let names = try machine.files(in: "rejected")
    let files = names.filter { !$0.hasSuffix(".reason") }
    let contents = try files.map { try String(contentsOf: directory.appending(path: $0), encoding: .utf8) }
    #expect(Set(contents) == ["{\"action\":\"rubbish\"}", "more rubbish"] && contents.count == 2, "\(names)")
    for file in files { #expect(try !Data(contentsOf: directory.appending(path: file + ".reason")).isEmpty) }
  }
}

extension Workstation {
  /// Starts the daemon with a crash point set, and waits until that has killed it: a point that nothing reaches proves nothing.
  func expectDeath(at point: String) async throws {
    let program = try RunningProgram(
      "progress-syncd", ["--config", configurationFile.path], environment: ["PROGRESS_CRASH_POINT": point],
      output: directory.appending(path: "daemon.log"))
    try await eventually("the daemon reaches \(point)") { !program.isRunning }
    #expect(await program.end() == -SIGKILL)
  }
}
