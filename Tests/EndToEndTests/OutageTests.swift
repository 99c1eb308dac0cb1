import Foundation
import TestSupport
import Testing

@Suite("An API that refuses connections for a while")
struct OutageTests {
  @Test("is probed by one at a time, and gets back what waits in order and at its own pace")
  func outage() async throws {
    try await ClockPeace.kept(probed)
  }

  private func probed() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    var port = 0
    try await ScriptedServer.run([], greeting: [.reset]) { server in
      port = server.port
      machine.proxyPort = port
      try machine.configure(
        "debounce: {complete: 10ms}\nretry: {backoff: [300ms, 600ms, 1200ms], parked_initial: 1s, parked_max: 1s}")
      try await machine.startDaemon()
      try machine.drop(action("complete", day: 1))
      try await eventually("an attempt has failed") { server.record.connections >= 1 }
      for days in [2...500, 501...1_000] {
        try machine.drop("[\(days.map { action("complete", day: $0) }.joined(separator: ","))]")
      }
      try await eventually("the outage goes on") { try machine.pending() == 1_000 && server.record.connections >= 10 }
      let record = server.record
      #expect(record.mostOpenConnections == 1)
      let gaps = zip(record.connectedAt, record.connectedAt.dropFirst()).map { $1 - $0 }
      // 1200 ms less a fifth, less what a busy machine may take from it. The backoff begins with three short ones, and again should another
      // test set the clock.
      #expect(gaps.count { $0 < .milliseconds(700) } <= 6, "\(gaps)")
      let failures = try machine.failures()
      #expect(failures.reduce(0, +) <= server.record.connections)
      #expect(failures.count { $0 > 0 } <= server.record.connections, "who was not tried has spent no attempt")
    }
    try await eventually("nobody listens at all") { try machine.daemonLog.contains("refused the connection") }

    let proxy = RecordingProxy(delay: .milliseconds(50))
    try await proxy.serve(to: machine.apiURL, on: port) { _ in
      try await eventually("everything is delivered") { try machine.isDone() }
    }
    let requests = proxy.requests
    #expect(requests.allSatisfy { $0.underWay <= min(8, 1 + $0.answeredBefore) }, "\(requests.map { ($0.underWay, $0.answeredBefore) })")
    let bulks = requests.filter { $0.path.hasSuffix("/bulk-sync") }
    #expect(bulks.count >= 19 && requests.count < 60, "\(requests.map(\.path))")
    // The few that were tried in the outage have their own retries' times. The others, and so each bulk's last day, come as they are due.
    let last = try bulks.map { try #require($0.days.max()) }
    let places = try last.sorted().map { try #require(last.firstIndex(of: $0)) }
    #expect(places.enumerated().allSatisfy { abs($0.offset - $0.element) < 8 }, "in due order, but for those under way together: \(last)")
    #expect(try machine.rows() == (1...1_000).map { "1-\($0) done" })
  }
}

extension RecordingProxy.Request {
  /// The days that it is about, in its order.
  fileprivate var days: [Int] {
    let body = try? JSONSerialization.jsonObject(with: Data(body.utf8))
    let items = body as? [[String: Any]] ?? [body as? [String: Any] ?? [:]]
    return items.compactMap { $0["day_number"] as? Int }
  }
}
