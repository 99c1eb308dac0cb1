import ControlClient
import Foundation
import ProgressModel
import Spool
import SyncPolicy
import SyncStore
import SystemPackage
import Testing

@testable import progressctl

let start = Timestamp(milliseconds: 1_769_614_200_000)

/// A spool, a state directory and their configuration in a directory of a test's own, removed when the test lets go of it.
final class Workstation: Sendable {
  let root: URL
  var incoming: URL { root.appending(path: "spool/incoming") }
  var rejected: FilePath { FilePath(root.path).appending("spool/rejected") }
  var queuePath: String { root.appending(path: "state/queue.sqlite").path }
  var socketPath: String { root.appending(path: "control.sock").path }
  var files: DaemonFiles { DaemonFiles(queuePath: queuePath, lockPath: root.path + "/state/lock", maximumAttempts: 3) }
  var configuration: String { root.appending(path: "config.yaml").path }

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "progressctl-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root.appending(path: "state"), withIntermediateDirectories: true)
    _ = try openReader()
    let text =
      "spool:\n  directory: \(root.path)/spool\n  max_file_size: 1KiB\nstate:\n  directory: \(root.path)/state\n"
      + "control:\n  socket: \(socketPath)\n"
    try text.write(toFile: configuration, atomically: false, encoding: .utf8)
  }

  deinit {
    // What is left behind is the temporary directory's business.
    try? FileManager.default.removeItem(at: root)
  }

  /// The daemon's end of the spool.
  func openReader() throws -> SpoolReader { try SpoolReader(root: FilePath(root.path).appending("spool")) }

  /// The daemon's end of the queue.
  func openStore() throws -> SyncStore { try SyncStore(path: queuePath) }

  /// Runs the built program with this workstation's configuration, and waits for its end.
  func run(_ arguments: String..., input: String = "") async throws -> Finished {
    try await run(URL(filePath: Self.programPath), arguments + ["--config", configuration], input: input)
  }

  /// Runs a line of shell in which `$progressctl` is the program.
  func shell(_ line: String) async throws -> Finished {
    try await run(URL(filePath: "/bin/sh"), ["-c", line], input: "")
  }

  struct Finished: Equatable {
    let code: Int32
    let output: String
    let errors: String
  }

  private func run(_ program: URL, _ arguments: [String], input: String) async throws -> Finished {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = [
      "HOME": root.path, "PATH": "/usr/bin:/bin", "TERM": "xterm", "progressctl": Self.programPath, "PROGRESS_SYNC_CONFIG": configuration,
    ]
    let files = ["input", "output", "errors"].map { root.appending(path: "\($0)-\(UUID().uuidString)") }
    for file in files { try input.write(to: file, atomically: false, encoding: .utf8) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    let outputs = try files.dropFirst().map { file in
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: 0)
      return handle
    }
    (process.standardOutput, process.standardError) = (outputs[0], outputs[1])
    let (ends, end) = AsyncStream<Never>.makeStream()
    process.terminationHandler = { _ in end.finish() }
    try process.run()
    for await _ in ends {}
    let texts = try files.dropFirst().map { try String(contentsOf: $0, encoding: .utf8) }
    return Finished(code: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// The program lies where the build put these tests.
  private static let programPath = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "progressctl").path

  /// The one file that waits in the spool, read by the rules of action files.
  func waitingAction() throws -> Action {
    let names = try FileManager.default.contentsOfDirectory(atPath: incoming.path)
    #expect(names.count == 1 && names[0].hasSuffix(".json"))
    let contents = try Data(contentsOf: incoming.appending(path: try #require(names.first)))
    return try #require(try ActionFile.parse(Array(contents)).first)
  }

  func isSpoolEmpty() throws -> Bool { try FileManager.default.contentsOfDirectory(atPath: incoming.path).isEmpty }
}

extension SyncStore {
  /// Accepts one file that holds `action`.
  func accept(_ action: Action, sender: UInt32 = geteuid(), at now: Timestamp = start) throws {
    let debounce = DebouncePolicy(
      complete: .milliseconds(500), intensity: .milliseconds(500), schedule: .milliseconds(500), exercise: .seconds(2), maxWait: .seconds(5)
    )
    let file = AcceptableFile(claim: UUID().uuidString, sender: sender, droppedAt: now, actions: [action])
    _ = try accept([file], now: now, debounce: debounce, inFlight: [], forgetting: [])
  }
}

func session(_ week: Int = 1, _ day: Int = 3) throws -> Session {
  try #require(ProgramID("p1").flatMap { Session(program: $0, week: week, day: day) })
}
