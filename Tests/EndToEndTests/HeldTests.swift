import Foundation
import Glibc
import TestSupport
import Testing

@Suite("An API that does not accept the token")
struct HeldTests {
  enum Remedy: String, CaseIterable { case replacedFile, reload }

  @Test("holds everything, without loss and with one clear line, until there is a good one", arguments: Remedy.allCases)
  func held(remedy: Remedy) async throws {
    try await ClockPeace.kept { try await released(by: remedy) }
  }

  private func released(by remedy: Remedy) async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    try Data("old\n".utf8).write(to: token)
    let proxy = RecordingProxy(token: "new")
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("api.token_file: \(token.path)\ndebounce: {intensity: 10ms}")
      try await machine.startDaemon()
      for day in 1...30 { try machine.drop(rating("easy", day: day)) }
      try await eventually("everything is held") {
        try machine.pending() == 30 && machine.notifications.received.contains { $0.contains("30 waiting, ") && $0.contains("; held: ") }
      }
      #expect(machine.notifications.received.contains { $0.contains("held: the API does not accept us (401: ") })
      // Eight lanes were open at most, and nobody has called since, but where another test has set the clock.
      #expect((1...12).contains(proxy.requests.count))
      #expect(try machine.failures() == [Int](repeating: 0, count: 30))
      switch remedy {
      case .replacedFile: try Data("new\n".utf8).write(to: token, options: .atomic)
      case .reload:
        let other = machine.directory.appending(path: "other")
        try Data("new\n".utf8).write(to: other)
        try machine.configure("api.token_file: \(other.path)\ndebounce: {intensity: 10ms}")
        try #require(machine.daemon).send(SIGHUP)
      }
      try await eventually("everything is delivered") { try machine.isDone() }
      try await machine.stopDaemon()
    }
    #expect(try machine.rows() == (1...30).map { "1-\($0) open easy" })
    let lines = try machine.daemonLog.split(separator: "\n").filter { $0.contains("does not accept us") }
    #expect(lines.count == 1 && lines.allSatisfy { $0.contains("everything waits for a valid token") }, "\(lines)")
    #expect(try !machine.daemonLog.contains("Sync failed"))
  }
}
