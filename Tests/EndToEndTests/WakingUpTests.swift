import Foundation
import Glibc
import Testing

/// In all of these the next try that the daemon would make by itself is an hour away.
@Suite("The daemon tries the API again as soon as there is reason to")
struct WakingUpTests {
  private static let patient = "debounce: {complete: 10ms, max_wait: 2s}\nretry.backoff: [10ms, 10ms, 1h]\nretry.parked_initial: 15m"

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
    #expect(try machine.daemonLog.contains("The network has changed: trying the API again now"))
  }

  @Test("when a script asks for it")
  func signal() async throws {
    try await machine.startAPI()
    try await machine.stopAPI()
    try machine.configure(Self.patient)
    try await machine.startDaemon()
    try machine.drop(action("complete"))
    try await threeAttemptsFailed()
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGUSR1)
    try await eventually("it has arrived") { try machine.rows() == ["1-3 done"] }
    #expect(try machine.daemonLog.contains("trying the API again now"))
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
      try machine.daemonLog.split(separator: "\n").count { $0.contains("❌ Sync failed for complete-p1-1-3: ") } == 3
    }
  }
}
