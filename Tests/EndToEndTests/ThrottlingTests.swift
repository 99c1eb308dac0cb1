import Foundation
import Glibc
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("An API that answers 429 to everything")
struct ThrottlingTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  @Test("is not called within a pause, whatever rings and though the daemon is killed in one", arguments: Flood.Wish.allCases)
  func pauses(wish: Flood.Wish) async throws {
    try await machine.startAPI()
    let flood = Flood(wish)
    let proxy = RecordingProxy { _ in flood.answer() }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      // One at a time: what is under way when the wish is uttered cannot know of it.
      try machine.configure("api.max_concurrent_requests: 1\ndebounce: {intensity: 10ms}\nretry: {backoff: [1s, 2s, 2s]}")
      try await machine.startDaemon()
      try machine.drop(rating("easy", day: 1))
      try await eventually("a pause is asked for") { try machine.daemonLog.contains("The API cannot take more now: ") }
      try await machine.killDaemon()
      for day in 2...30 { try machine.drop(rating("easy", day: day)) }
      try await machine.startDaemon()
      try #require(machine.daemon).send(SIGHUP)
      try await eventually("it has reloaded") { try machine.daemonLog.contains("Reloaded the configuration") }
      try await eventually("three pauses were asked for") { flood.calls >= 3 }
      #expect(try machine.failures() == [Int](repeating: 0, count: 30), "nobody has spent an attempt")
      flood.end()
      try await eventually("everything is delivered") { try machine.isDone() }
    }
    #expect(flood.callsInPauses == 0)
    #expect(try machine.rows() == (1...30).map { "1-\($0) open easy" })
  }

  @Test("is called within a pause when a person asks for it, and only then")
  func flush() async throws {
    try await machine.startAPI()
    let flood = Flood(.hour)
    let proxy = RecordingProxy { _ in flood.answer() }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("debounce: {intensity: 10ms}")
      try await machine.startDaemon()
      try machine.drop(rating("easy"))
      try await eventually("a pause is asked for") { try machine.daemonLog.contains("The API cannot take more now: ") }
      try #require(machine.daemon).send(SIGHUP)
      try await eventually("it has reloaded") { try machine.daemonLog.contains("Reloaded the configuration") }
      try machine.drop(rating("easy", day: 4))
      try await eventually("the next one waits") { try machine.pending() == 2 }
      #expect(flood.calls == 1)
      try #require(machine.daemon).send(SIGUSR1)
      try await eventually("it was asked again") { flood.calls >= 2 }
      flood.end()
      try #require(machine.daemon).send(SIGUSR1)
      try await eventually("everything is delivered") { try machine.isDone() }
    }
  }
}

/// Answers 429, and counts who calls though a pause was asked for.
final class Flood: Sendable {
  /// What it asks for.
  enum Wish: String, CaseIterable, Sendable {
    case seconds, date, hour, tooLittle, nothing

    static let allCases: [Wish] = [.seconds, .date, .tooLittle, .nothing]
  }

  private struct Record {
    var isOver = false
    var calls = 0
    var callsInPauses = 0
    var quietUntil = Date.distantPast
  }

  private let record = Mutex(Record())
  private let wish: Wish

  init(_ wish: Wish) {
    self.wish = wish
  }

  var calls: Int { record.withLock { $0.calls } }
  var callsInPauses: Int { record.withLock { $0.callsInPauses } }

  func end() {
    record.withLock { $0.isOver = true }
  }

  func answer() -> Response? {
    record.withLock { record in
      record.calls += 1
      let now = Date.now
      // The first of the backoff's waits is the least that anybody waits. Clocks are compared by the millisecond.
      if now < record.quietUntil - 0.002 { record.callsInPauses += 1 }
      guard !record.isOver else { return nil }
      record.quietUntil = max(now + 1, retryAfter(now).until)
      var headers: HTTPFields = [.contentType: "application/json"]
      headers[.retryAfter] = retryAfter(now).text
      return Response(status: .tooManyRequests, headers: headers, body: .init(byteBuffer: .init(string: "{\"detail\":\"slow down\"}")))
    }
  }

  private func retryAfter(_ now: Date) -> (text: String?, until: Date) {
    switch wish {
    case .seconds: return ("3", now + 3)
    case .hour: return ("3600", now + 3_600)
    case .tooLittle: return ("0", now)
    case .nothing: return (nil, now)
    case .date:
      let until = Date(timeIntervalSince1970: (now.timeIntervalSince1970 + 3).rounded(.down))
      let format = DateFormatter()
      format.locale = Locale(identifier: "en_US_POSIX")
      format.timeZone = TimeZone(secondsFromGMT: 0)
      format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      return (format.string(from: until), until)
    }
  }
}
