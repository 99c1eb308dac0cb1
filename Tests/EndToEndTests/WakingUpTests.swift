import CTestSupport
import Foundation
import Glibc
import TestSupport
import Testing

/// In all of these the next try that the daemon would make by itself is many minutes away. Where a test may set the clock, every daemon hears
/// of it, so that the others may be a step further than they think.
@Suite("The daemon tries the API again as soon as there is reason to")
struct WakingUpTests {
  private static let patient =
    "log.level: debug\ndebounce: {complete: 10ms, max_wait: 2s}\nretry.backoff: [10ms, 10ms, 1h]\nretry.parked_initial: 15m"

  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  @Test(
    "when the network comes up",
    .enabled(if: PrivateNetwork.isPossible, "a network namespace takes root, and unshare, nsenter and ip"))
  func network() async throws {
    try await machine.startAPI()
    try await machine.stopAPI()
    let network = try await PrivateNetwork(in: machine.directory)
    // The API can listen on an address only while that is up.
    try await network.setLoopback(isUp: true)
    try await machine.startAPI(in: network)
    try await network.setLoopback(isUp: false)
    // What is sent to a loopback that is down is lost without a word.
    try machine.configure("api.request_timeout: 300ms\n" + Self.patient)
    try await machine.startDaemon(in: network)
    try machine.drop(action("complete"))
    try await threeAttemptsFailed()
    try await network.setLoopback(isUp: true)
    try await eventually("it has arrived") { try machine.rows() == ["1-3 done"] }
    #expect(try machine.daemonLog.contains("trying the API again now"))
  }

  /// Whether the process may set the clock: CAP_SYS_TIME, the bit 25 of capabilities(7).
  private static let maySetClock: Bool = {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let effective = status.firstMatch(of: /CapEff:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
    return effective & 1 << 25 != 0
  }()

  @Test("when the clock was set", .enabled(if: maySetClock, "setting the clock takes CAP_SYS_TIME"))
  func clock() async throws {
    try await ClockPeace.broken {
      try await wakeUp("trying the API again now") { #expect(ctestsupport_nudge_clock() == 0) }
    }
  }

  @Test("when a script asks for it")
  func signal() async throws {
    try await wakeUp("sending everything now") { try #require(machine.daemon).send(SIGUSR1) }
  }

  private func wakeUp(_ words: String, by event: () throws -> Void) async throws {
    try await machine.startAPI()
    try await machine.stopAPI()
    try machine.configure(Self.patient)
    try await machine.startDaemon()
    try machine.drop(action("complete"))
    try await threeAttemptsFailed()
    try await machine.startAPI()
    try event()
    try await eventually("it has arrived") { try machine.rows() == ["1-3 done"] }
    // The clock that another test sets may have been quicker.
    try await eventually("it says why") { try machine.daemonLog.contains(words) }
  }

  @Test("when a new token is there, without a reload")
  func token() async throws {
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    try Data("old\n".utf8).write(to: token)
    let proxy = RecordingProxy(token: "new")
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("api.token_file: \(token.path)\n\(Self.patient)")
      try await machine.startDaemon()
      try machine.drop(action("complete"))
      try await eventually("the endpoint is held") { try machine.daemonLog.contains("The API does not accept us") }
      try Data("two words".utf8).write(to: token)
      try await eventually("what is no token is said") { try machine.daemonLog.contains("\(token.path) is refused: the token must be") }
      try Data("still two words".utf8).write(to: token)
      try Data("new\n".utf8).write(to: token, options: .atomic)
      try await eventually("it has arrived") { try machine.rows() == ["1-3 done"] }
    }
    let log = try machine.daemonLog
    #expect(log.ranges(of: "The old token stays in force: ").count == 1)
    #expect(log.contains("The token has changed") && !log.contains("Reloaded"))
  }

  private func threeAttemptsFailed() async throws {
    try await eventually("three attempts have failed") {
      try machine.daemonLog.split(separator: "\n").count { $0.contains("❌ Sync failed for complete-p1-1-3: ") } >= 3
    }
  }
}
