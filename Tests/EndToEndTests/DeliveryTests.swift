import Foundation
import Glibc
import TestSupport
import Testing

@Suite("What a person drops stands in the API's database")
struct DeliveryTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  private func start() async throws {
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
  }

  @Test("whoever drops it: progressctl, a shell, a writer in place")
  func clients() async throws {
    try await start()
    let dropped = try await machine.progressctl("complete", "p1", "1", "1", "--rating", "hard", "--date", "2026-01-28", "--wait")
    #expect(dropped.status == 0, "\(dropped.words)")
    try machine.drop(action("complete", day: 2))
    let path = machine.incoming.appending(path: "in-place.json")
    #expect(FileManager.default.createFile(atPath: path.path, contents: nil))
    let handle = try FileHandle(forWritingTo: path)
    for byte in rating("easy").utf8 { try handle.write(contentsOf: [byte]) }
    try handle.close()
    try await eventually("all three are there") {
      try machine.rows() == ["1-1 done hard 2026-01-28", "1-2 done", "1-3 open easy"]
    }
    try await eventually("the spool is empty") { try machine.files(in: "claimed").isEmpty }
    #expect(try machine.files(in: "rejected").isEmpty)
  }

  @Test("as one request for ten updates within the debounce")
  func debounce() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy()
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure()
      try await machine.startDaemon()
      for step in 0..<10 { try machine.drop(rating(step == 9 ? "hard" : "easy")) }
      try await eventually("it has arrived") { try machine.rows() == ["1-3 open hard"] }
      try machine.drop(rating("perfect", day: 4))
      try await eventually("the next one has arrived") { try machine.rows().count == 2 }
    }
    #expect(proxy.requests.map(\.path) == ["/api/progress/p1/intensity", "/api/progress/p1/intensity"])
  }

  @Test("not completed after complete and uncomplete at once, whatever the timing")
  func undo() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy(delay: .milliseconds(300))
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("debounce: {complete: 100ms, max_wait: 5s}")
      try await machine.startDaemon()
      for day in 1...20 {
        try machine.drop(action("complete", day: day))
        // From within the debounce to well after the answer.
        try await Task.sleep(for: .milliseconds(30 * day))
        try machine.drop(action("uncomplete", day: day))
      }
      try await eventually("everything is delivered") { try machine.isDone() }
    }
    // An action that never left the debounce never made a row that is done.
    let rows = try machine.rows()
    #expect(rows.allSatisfy { $0.hasSuffix(" open") }, "\(rows)")
  }

  @Test("fifty times, each key once with its last value, though the API was away and the daemon was killed")
  func outage() async throws {
    try await start()
    try await machine.stopAPI()
    for day in 1...50 {
      try machine.drop(rating("easy", day: day))
      try machine.drop(action("complete", day: day, "\"intensity_rating\":\"hard\""))
    }
    try await eventually("everything is accepted") { try machine.pending() == 100 }
    try await eventually("an attempt has failed") { try machine.daemonLog.contains("No answer from the API") }
    try await machine.killDaemon()
    for day in 1...25 { try machine.drop(action("uncomplete", day: day)) }
    try await machine.startDaemon()
    try await machine.startAPI()
    try await eventually("everything is delivered") { try machine.isDone() && machine.rows().count == 50 }
    let rows = try machine.rows()
    #expect(rows == (1...50).map { "1-\($0) \($0 <= 25 ? "open" : "done") hard" })
  }

  @Test("after a restart in the middle of the debounce", arguments: [SIGKILL, SIGTERM])
  func restart(signal: Int32) async throws {
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 10s, max_wait: 10s}")
    try await machine.startDaemon()
    try machine.drop(action("complete"))
    try await eventually("it is accepted") { try machine.pending() == 1 }
    if signal == SIGKILL { try await machine.killDaemon() } else { try await machine.stopDaemon() }
    #expect(try machine.rows().isEmpty)
    try await machine.startDaemon()
    try await eventually("it has arrived") { try machine.rows() == ["1-3 done"] }
  }

  @Test("though the daemon is killed again and again while it works")
  func killedOften() async throws {
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 50ms, intensity: 50ms, schedule: 50ms, max_wait: 5s}")
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    var expected: [Int: String] = [:]
    try await machine.startDaemon()
    for _ in 0..<12 {
      for _ in 0..<20 {
        let day = Int.random(in: 1...50, using: &random)
        expected[day] = ["easy", "perfect", "hard"].randomElement(using: &random)
        try machine.drop(rating(expected[day] ?? "easy", day: day), )
        try await Task.sleep(for: .milliseconds(Int.random(in: 4...12, using: &random)))
      }
      try await machine.killDaemon()
      try await machine.startDaemon()
    }
    let rows = expected.keys.sorted().map { "1-\($0) open \(expected[$0] ?? "")" }
    try await eventually("everything has arrived; seed \(seed)") { try machine.isDone() && machine.rows() == rows }
    #expect(try machine.files(in: "rejected").isEmpty)
  }
}
