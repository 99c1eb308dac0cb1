import Foundation
import Glibc
import GRDB
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("The metrics of a running daemon")
struct MetricsTests {
  /// What the API is made to answer; nil lets it answer itself.
  private final class Mood: Sendable {
    private let status = Mutex<Int?>(nil)

    var answer: Int? {
      get { status.withLock { $0 } }
      set { status.withLock { $0 = newValue } }
    }
  }

  /// The port of discard, where nothing listens any more.
  private static let nobody = 9

  @Test("agree with the queue in every state of its writes and of the API, and add up in every moment, over a kill too")
  func truth() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    let mood = Mood()
    let proxy = RecordingProxy { _ in mood.answer.map { Response(status: .init(code: $0)) } }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("debounce: {intensity: 10ms}\nretry: {backoff: [10ms]}")
      try await machine.startDaemon()
      try await expect(machine, "nothing", ["state/untried": 1, "accepted": 0])

      mood.answer = 503
      try machine.drop(rating("easy", day: 1))
      try await expect(machine, "an API with trouble of its own", ["entries/parked": 1, "retries/deferred": 2])

      mood.answer = nil
      try machine.drop(rating("easy", day: 2))
      try machine.drop(rating("easy", day: 2).replacing("p1", with: "unknown"))
      try machine.drop("no action")
      try await expect(
        machine, "an API that takes some and refuses others",
        ["state/reachable": 1, "delivered": 1, "entries/failed": 1, "refused": 1, "spool/rejected": 1, "files_rejected": 1])

      mood.answer = 502
      try machine.drop(rating("easy", day: 3))
      try await expect(machine, "an API that is away", ["state/unreachable": 1, "accepted": 4])

      mood.answer = 401
      try #require(machine.daemon).send(SIGUSR1)
      try await expect(machine, "an API that does not know us", ["state/held": 1])
      try machine.drop(rating("easy", day: 4))
      try machine.drop(rating("hard", day: 4))
      try await expect(machine, "what waits for it", ["state/held": 1, "accepted": 6, "superseded": 1])

      try await ask(machine, "pause")
      try await expect(machine, "a person's pause", ["suspended": 1])

      try await machine.killDaemon()
      try await machine.startDaemon()
      try await expect(
        machine, "a killed daemon", ["accepted": 6, "superseded": 1, "refused": 1, "delivered": 1, "files_rejected": 0, "suspended": 1])

      mood.answer = nil
      try await ask(machine, "resume")
      try await ask(machine, "flush")
      for day in 5...40 { try machine.drop(rating("easy", day: day)) }
      try await expect(
        machine, "a backlog that is delivered",
        ["state/reachable": 1, "accepted": 42, "delivered": 40, "entries/failed": 1, "in_flight": 0, "suspended": 0])
      try await ask(machine, "discard", #"{"all_failed":true}"#)
      try await expect(machine, "what a person has discarded", ["discarded": 1, "entries/failed": 0])
      try await machine.stopDaemon()
    }
    #expect(try machine.rows().count == 40)
  }

  @Test(
    "are given by the documented commands, and promtool has nothing to say about them", .enabled(if: Promtool.isThere, Promtool.absence))
  func documented() async throws {
    let machine = try Workstation()
    machine.proxyPort = Self.nobody
    try machine.configure()
    try await machine.startDaemon()
    try machine.drop("no action")
    try await eventually("the file is refused") { try await machine.metrics().value("progress_sync_files_rejected_total") == 1 }
    let text = try document("METRICS.md")
    let question = try #require(text.firstMatch(of: /```sh\n(curl .*)\n```/)).1
    let page = try await machine.shell("\(question) >page")
    #expect(page.words == "")
    let verdict = try await machine.shell("promtool check metrics <page")
    #expect(verdict == (0, ""))
    // A timer's way to node_exporter.
    for command in text.replacing("\\\n", with: "").matches(of: /\nExecStart=(.*)/) {
      let outcome = try await machine.shell(String(command.1))
      #expect(outcome == (0, ""))
    }
    let collected = try String(contentsOf: machine.directory.appending(path: "progress-sync.prom"), encoding: .utf8)
    let families = try ExpositionPage(collected).families
    #expect(families["progress_sync_queue_entries"] != nil && families.keys.allSatisfy { !$0.hasPrefix("process_") })
    try await machine.stopDaemon()
  }

  @Test("are alerted on and drawn by expressions that promtool understands", .enabled(if: Promtool.isThere, Promtool.absence))
  func expressions() async throws {
    let machine = try Workstation()
    try Data(try document("alerts.yaml").utf8).write(to: machine.directory.appending(path: "alerts.yaml"))
    let alerts = try await machine.shell("promtool check rules --lint-fatal alerts.yaml")
    #expect(alerts.status == 0, "\(alerts.words)")
    let drawn = try document("grafana-dashboard.json").matches(of: /"expr": ("(?:[^"\\]|\\.)*")/).map(\.1)
    #expect(drawn.count > 20)
    let rules = drawn.enumerated().map { "{\"record\":\"drawn:number\($0)\",\"expr\":\($1.replacing("$__rate_interval", with: "5m"))}" }
    let file = "{\"groups\":[{\"name\":\"drawn\",\"rules\":[\(rules.joined(separator: ","))]}]}"
    try Data(file.utf8).write(to: machine.directory.appending(path: "drawn.yaml"))
    let verdict = try await machine.shell("promtool check rules drawn.yaml")
    #expect(verdict.status == 0, "\(verdict.words)")
  }

  @Test("can be read at a port of this machine, by whoever can connect, and nothing else can", arguments: ["127.0.0.1", "[::1]"])
  func port(host: String) async throws {
    let machine = try Workstation()
    machine.proxyPort = Self.nobody
    try machine.configure("metrics.listen: \"\(host):0\"")
    try await machine.startDaemon()
    try await eventually("it says which port the kernel has chosen") { try machine.daemonLog.contains("The metrics are at http://") }
    let place = try #require(try machine.daemonLog.firstMatch(of: /The metrics are at http:\/\/(.+:[0-9]+)\/metrics\n/)).1
    #expect(place.hasPrefix(host))
    let (status, type, text) = try await machine.get("http://\(place)/metrics")
    #expect(status == 200)
    #expect(type == "text/plain; version=0.0.4; charset=utf-8")
    #expect(try ExpositionPage(text).value("progress_sync_queue_readable") == 1)
    let other = try await machine.get("http://\(place)/v1/queue")
    #expect(other.status == 404)
    try await machine.stopDaemon()
  }

  /// Asks the daemon by its control socket, as its administrator.
  private func ask(_ machine: Workstation, _ command: String, _ fields: String = "{}") async throws {
    let words = "curl --silent --show-error --fail --unix-socket control.sock --data '\(fields)' http://localhost/v1/\(command)"
    let answer = try await machine.shell(words)
    #expect(answer.status == 0, "\(answer.words)")
  }

  /// Waits until the page says so, and the database says the same; the totals must agree with the rows all the while.
  private func expect(_ machine: Workstation, _ what: Comment, _ wanted: [String: Double]) async throws {
    let names = [
      "entries": "progress_sync_queue_entries", "state": "progress_sync_endpoint_state", "retries": "progress_sync_retries_total",
      "spool": "progress_sync_spool_files", "suspended": "progress_sync_suspended", "files_rejected": "progress_sync_files_rejected_total",
      "in_flight": "progress_sync_requests_in_flight",
    ]
    let labels = ["entries": "state", "state": "state", "retries": "class", "spool": "part"]
    try await eventually(what) {
      let before = try machine.truth()
      let page = try await machine.metrics()
      #expect(
        page.total("accepted") == page.total("delivered") + page.total("superseded") + page.total("discarded") + page.total("lost")
          + page.entries)
      guard try before == machine.truth() else { return false }
      for (name, number) in before { #expect(page.value(name.family, name.label.map { [$0.name: $0.value] } ?? [:]) == number, "\(name)") }
      return wanted.allSatisfy { key, number in
        let parts = key.split(separator: "/").map(String.init)
        let label = labels[parts[0]].map { [$0: parts[1]] } ?? [:]
        return page.value(names[parts[0]] ?? "progress_sync_writes_\(parts[0])_total", label) == number
      }
    }
  }

  private func document(_ name: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/\(name)"), encoding: .utf8)
  }
}

/// The checker of the Debian package prometheus.
private enum Promtool {
  static let isThere = access("/usr/bin/promtool", X_OK) == 0
  static let absence: Comment = "promtool is missing: packaging/setup metrics"
}

extension ExpositionPage {
  fileprivate func total(_ name: String) -> Double { value("progress_sync_writes_\(name)_total") ?? .nan }

  fileprivate var entries: Double { families["progress_sync_queue_entries"]?.samples.map(\.value).reduce(0, +) ?? .nan }
}
