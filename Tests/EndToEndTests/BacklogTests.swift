import Foundation
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("A backlog")
struct BacklogTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  @Test(
    "of two thousand travels in bulks; what the API refuses of it stands alone in the end, and gives way to a newer action",
    .timeLimit(.minutes(5)))
  func bulks() async throws {
    try await machine.startAPI()
    for program in ["p2", "p3"] { try await machine.addProgram(program) }
    let backlog = Backlog()
    let refuses = Mutex(true)
    let proxy = RecordingProxy { request in
      guard refuses.withLock({ $0 }), let item = Backlog.refused.first(where: request.completes) else { return nil }
      return Response(status: .unprocessableContent, body: .init(byteBuffer: .init(string: "{\"detail\":\"\(item.session) is closed\"}")))
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure()
      try await machine.startDaemon()
      for file in backlog.files { try machine.drop(file) }
      try await eventually("all but the refused ones are delivered", within: .seconds(240)) {
        try machine.files(in: "incoming").isEmpty && machine.files(in: "claimed").isEmpty && machine.pending() == Backlog.refused.count
          && proxy.requests.count > 0
      }
      try await eventually("these have failed") { try await failed().count == Backlog.refused.count }
      let refusals = try await failed()
      for item in Backlog.refused {
        #expect(refusals[item.key]?.status == 422 && refusals[item.key]?.error == "\(item.session) is closed", "\(refusals)")
      }
      for program in ["p1", "p2", "p3"] { #expect(try machine.rows(of: program) == backlog.rows(of: program)) }
      #expect(proxy.requests.count < 600)
      for bulk in proxy.requests.filter(\.isBulk) {
        #expect(Set(bulk.sessions).count == bulk.sessions.count)
        #expect(bulk.items.allSatisfy { $0["completed_at"] != nil && $0["exercise"] == nil && $0["action"] == nil })
      }
      refuses.withLock { $0 = false }
      try machine.drop(Backlog.refused[0].action("complete"))
      try await eventually("a newer action takes its place") { try machine.pending() == Backlog.refused.count - 1 }
      #expect(try machine.rows().contains("3-1 done \(Backlog.refused[0].rating ?? "")"))
    }
  }

  @Test("goes singly to an API without bulk-sync, which is asked once by each lane at most")
  func withoutBulkSync() async throws {
    try await ClockPeace.kept(deliverWithoutBulkSync)
  }

  private func deliverWithoutBulkSync() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy { request in
      let answer = Response(
        status: .notFound, headers: [.contentType: "application/json"], body: .init(byteBuffer: .init(string: "{\"detail\":\"Not Found\"}"))
      )
      return request.isBulk ? answer : nil
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("api.max_concurrent_requests: 2")
      try await machine.startDaemon()
      try machine.drop("[\((1...300).map { action("complete", day: $0) }.joined(separator: ","))]")
      try await eventually("everything is delivered") { try machine.isDone() }
    }
    #expect((1...2).contains(proxy.requests.count(where: \.isBulk)))
    #expect(proxy.requests.count { !$0.isBulk } == 300)
    #expect(try machine.rows() == (1...300).map { "1-\($0) done" })
    #expect(try machine.daemonLog.split(separator: "\n").filter { $0.contains("Sync failed") } == [])
  }

  @Test("of old single requests leaves every other lane to what is new, in its own program and in another")
  func fairness() async throws {
    try await machine.startAPI()
    try await machine.addProgram("p2")
    let isNewDropped = Mutex(false)
    let proxy = RecordingProxy(delay: .milliseconds(20)) { request in
      // Most of the backlog is still there when something new comes, however slow this test is.
      while request.answeredBefore >= 20 && !isNewDropped.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
      return nil
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("debounce: {complete: 1h, max_wait: 1h}")
      try await machine.startDaemon()
      for week in 1...3 { try machine.drop("[\((1...500).map { undo(week: week, day: $0) }.joined(separator: ","))]") }
      try await eventually("the backlog is accepted") { try machine.pending() == 1_500 }
      try await machine.killDaemon()
      try machine.age()
      try machine.configure("debounce: {complete: 10ms, intensity: 10ms}")
      try await machine.startDaemon()
      try await eventually("it is being sent") { proxy.requests.count >= 20 }
      try machine.drop(Backlog.Item(program: "p2", number: 0).action("complete"))
      try machine.drop(rating("hard", day: 900))
      isNewDropped.withLock { $0 = true }
      func index(_ path: String) -> Int? { proxy.requests.firstIndex { $0.path == path } }
      try await eventually("what is new is delivered") {
        try machine.rows(of: "p2") == ["1-1 done"] && machine.rows() == ["1-900 open hard"]
      }
      #expect(try #require(index("/api/progress/p2/complete")) < 750)
      #expect(try #require(index("/api/progress/p1/intensity")) < 750)
      try await machine.killDaemon()
    }
  }

  private func undo(week: Int, day: Int) -> String {
    "{\"action\":\"uncomplete\",\"program_id\":\"p1\",\"week_number\":\(week),\"day_number\":\(day)}"
  }

  /// What `progressctl queue --json` tells of the failed ones, by key.
  private func failed() async throws -> [String: (status: Int?, error: String?)] {
    let answer = try await machine.progressctl("queue", "--json")
    try #require(answer.status == 0, "\(answer.words)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(answer.words.utf8)) as? [String: Any])
    #expect(report["pending"] as? Int == 0)
    return (report["failed"] as? [[String: Any]] ?? []).reduce(into: [:]) { result, item in
      result[item["key"] as? String ?? ""] = (item["last_status"] as? Int, item["last_error"] as? String)
    }
  }
}

extension RecordingProxy.Request {
  fileprivate var isBulk: Bool { path.hasSuffix("/bulk-sync") }

  /// The objects in its body.
  fileprivate var items: [[String: Any]] {
    let body = try? JSONSerialization.jsonObject(with: Data(body.utf8))  // What is no JSON has none.
    return body as? [[String: Any]] ?? [body as? [String: Any] ?? [:]]
  }

  fileprivate var sessions: [String] {
    items.map { "\($0["week_number"] as? Int ?? 0)-\($0["day_number"] as? Int ?? 0)" }
  }

  fileprivate func completes(_ item: Backlog.Item) -> Bool {
    ["complete", "bulk-sync"].contains { path == "/api/progress/\(item.program)/\($0)" } && sessions.contains(item.session)
  }
}
