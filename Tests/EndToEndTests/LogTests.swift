import Foundation
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("What the daemon writes into its log can be read by a person")
struct LogTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  /// How often something was said, in a line of its own or in the count of a summary.
  private func count(_ words: String) throws -> Int {
    try machine.daemonLog.split(separator: "\n").reduce(0) { sum, line in
      guard let found = line.firstRange(of: words) else { return sum }
      let more = line[found.upperBound...].prefixMatch(of: /(?: for)? ([0-9]+) more/).flatMap { Int($0.1) }
      return sum + (more ?? 1)
    }
  }

  private func synced() throws -> Int { try count("✅ Synced") + count("✅ Retry successful") }

  /// The most lines with these words that one half minute has, however many of these a slow machine takes.
  private func linesInHalfAMinute(with words: String = "") throws -> Int {
    let lines = try machine.daemonLog.split(separator: "\n").filter { words.isEmpty || $0.contains(words) }
    // 22:12:37
    let halfMinutes = Dictionary(grouping: lines) { $0.prefix(5) + ($0.dropFirst(6).prefix(2) < "30" ? " first" : " second") }
    return halfMinutes.values.map(\.count).max() ?? 0
  }

  @Test("after an outage of ten thousand actions: far fewer lines, and counts that add up to every one of them", .timeLimit(.minutes(5)))
  func longQueue() async throws {
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
    try await machine.stopAPI()
    for week in 1...10 {
      let actions = (1...1_000).map { "{\"action\":\"complete\",\"program_id\":\"p1\",\"week_number\":\(week),\"day_number\":\($0)}" }
      // Two files of 500, because a file may have 64 KiB.
      for half in [actions[..<500], actions[500...]] { try machine.drop("[\(half.joined(separator: ","))]") }
    }
    try await eventually("all are accepted, and an attempt has failed") {
      try machine.pending() == 10_000 && machine.daemonLog.contains("No answer from the API")
    }
    try await machine.startAPI()
    try await eventually("all are delivered", within: .seconds(240)) { try machine.isDone() }
    try await machine.stopDaemon()
    #expect(try synced() == 10_000)
    #expect(try linesInHalfAMinute() < 1_000, "journald takes 10 000 lines in 30 s")
  }

  @Test("while the API answers 500 to everything: each thing a few times, and then how often", .timeLimit(.minutes(5)))
  func failingAPI() async throws {
    try await machine.startAPI()
    let isBroken = Mutex(true)
    let refused = Mutex(0)
    let proxy = RecordingProxy { request in
      guard isBroken.withLock({ $0 }) else { return nil }
      // What a bulk request meets is said of those that then go singly.
      if !request.path.hasSuffix("bulk-sync") { refused.withLock { $0 += 1 } }
      return Response(status: .internalServerError, headers: [.contentType: "application/json"])
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("retry: {backoff: [5ms, 5ms, 5ms], parked_initial: 1s, parked_max: 1s}")
      try await machine.startDaemon()
      let sessions = (1...5).flatMap { week in
        (1...50).map { "{\"action\":\"complete\",\"program_id\":\"p1\",\"week_number\":\(week),\"day_number\":\($0)}" }
      }
      try machine.drop("[\(sessions.joined(separator: ","))]")
      try await eventually("everything has been tried again and again", within: .seconds(240)) { refused.withLock { $0 } >= 1_000 }
      isBroken.withLock { $0 = false }
      try await eventually("everything is delivered") { try machine.isDone() }
      try await machine.stopDaemon()
    }
    #expect(try synced() == 250)
    #expect(try count("❌ Sync failed") <= refused.withLock { $0 })
    #expect(try count("❌ Sync failed") >= 250)
    #expect(try linesInHalfAMinute() < 400)
    #expect(try linesInHalfAMinute(with: "❌ Sync failed") < 10)
    #expect(try machine.daemonLog.contains("The API takes nothing: 500"))
  }
}
