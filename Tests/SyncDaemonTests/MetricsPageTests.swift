import Measurements
import ProgressModel
import Spool
import SyncDaemon
import SyncEngine
import SyncPolicy
import SyncStore
import SystemPackage
import TestSupport
import Testing

@Suite("The page of metrics")
struct MetricsPageTests {
  private let machine: MeasuredMachine

  init() throws {
    machine = try MeasuredMachine()
  }

  @Test("of a daemon that has just begun has its numbers, all of them 0 but for what is there")
  func fresh() throws {
    let page = try machine.page()
    #expect(page.value("progress_sync_build_info", ["version": Daemon.version]) == 1)
    #expect(page.value("progress_sync_queue_readable") == 1)
    #expect(page.value("progress_sync_endpoint_state", ["state": "untried"]) == 1)
    #expect(page.families["progress_sync_endpoint_state"]?.samples.map(\.value).reduce(0, +) == 1)
    for name in [
      "progress_sync_queue_oldest_age_seconds", "progress_sync_last_synced_timestamp_seconds", "progress_sync_suspended",
      "progress_sync_endpoint_next_probe_timestamp_seconds", "progress_sync_requests_in_flight", "progress_sync_storage_trouble",
      "progress_sync_writes_accepted_total", "progress_sync_files_rejected_total",
    ] {
      #expect(page.value(name) == 0, "\(name)")
    }
    #expect(page.families["progress_sync_queue_entries"]?.samples.map(\.value) == [0, 0, 0, 0])
    #expect(page.families["progress_sync_spool_files"]?.samples.map(\.value) == [0, 0, 0])
    #expect(try #require(page.value("progress_sync_queue_file_bytes", ["file": "database"])) >= 4_096)
    #expect(try #require(page.value("progress_sync_disk_free_bytes")) > 0)
    #expect(page.value("process_start_time_seconds") == 1_769_614_200.5)
    #expect(try #require(page.value("process_resident_memory_bytes")) > 1_000_000)
    #expect(try #require(page.value("process_open_fds")) > 2)
    #expect(try #require(page.value("process_cpu_seconds_total")) > 0)
  }

  @Test("counts what the queue counts, in every state, and its totals agree with its rows")
  func queue() throws {
    for day in 1...6 { try machine.accept(.rate(.easy), day: day) }
    try machine.accept(.rate(.hard), day: 6)
    try machine.settle(day: 1, .delivered, .delivered)
    try machine.settle(day: 2, machine.retried(.retrying), .deferred)
    try machine.settle(day: 3, machine.retried(.parked), .unreachable)
    try machine.settle(day: 4, .failed(status: 422, reason: "x"), .rejected)
    let page = try machine.page(after: .seconds(90))
    let counts = try machine.store.counts()
    #expect((counts.waiting, counts.retrying, counts.parked, counts.failed) == (2, 1, 1, 1))
    let shown = ["waiting", "retrying", "parked", "failed"].map { page.value("progress_sync_queue_entries", ["state": $0]) }
    #expect(shown == [2, 1, 1, 1])
    #expect(page.value("progress_sync_queue_oldest_age_seconds") == 90)
    #expect(page.value("progress_sync_last_synced_timestamp_seconds") == 1_769_614_200.5)
    let totals = ["accepted", "delivered", "superseded", "discarded", "lost", "refused"].map {
      page.value("progress_sync_writes_\($0)_total")
    }
    #expect(totals == [7, 1, 1, 0, 0, 1])
    let retries = ["deferred", "throttled", "unreachable", "unauthorized", "unsupported"].map {
      page.value("progress_sync_retries_total", ["class": $0])
    }
    #expect(retries == [1, 0, 1, 0, 0])
    #expect(try #require(page.value("progress_sync_queue_commit_duration_seconds_count")) >= 11)
    #expect(try #require(page.value("progress_sync_queue_commit_duration_seconds_sum")) > 0)
  }

  @Test(
    "says how the API stands",
    arguments: [
      (.reachable, "reachable", 0),
      (.paused(until: .init(milliseconds: 1_769_614_205_000), reason: "x"), "paused", 1_769_614_205),
      (.paused(until: .init(milliseconds: 1_769_614_200_000), reason: "x"), "reachable", 0),
      (
        .failing(
          since: .init(milliseconds: 1), failures: 5, freshAt: .init(milliseconds: 6_000), probeAt: .init(milliseconds: 7_000), reason: "x"),
        "failing", 6
      ),
      (.unreachable(since: .init(milliseconds: 1), failures: 5, probeAt: .init(milliseconds: 8_500), reason: "x"), "unreachable", 8.5),
      (nil, "held", 9),
    ] as [(EndpointHealth.State?, String, Double)])
  func endpoint(state: EndpointHealth.State?, name: String, probe: Double) async throws {
    _ = await machine.instruments.request { .delivered }
    let instant = Timestamp(milliseconds: 9_000)
    let hold = Hold(since: machine.start, cause: .refused(status: 401), reason: "x", probeAt: instant)
    machine.instruments.note(
      [], endpoint: state ?? .reachable, since: machine.start, holds: state == nil ? [.common: hold] : [:], storageTrouble: "no space",
      now: machine.start)
    let page = try machine.page()
    let states = page.families["progress_sync_endpoint_state"]?.samples ?? []
    #expect(states.filter { $0.value == 1 }.flatMap(\.labels).map(\.value) == [name])
    #expect(states.count == 6)
    #expect(page.value("progress_sync_endpoint_next_probe_timestamp_seconds") == probe)
    #expect(page.value("progress_sync_storage_trouble") == 1)
  }

  @Test("counts the users with tokens of their own, and those who are held")
  func accounts() throws {
    #expect(try machine.page().families["progress_sync_accounts"]?.samples.map(\.value) == [0, 0])
    machine.instruments.note(userTokens: [1_001: "/t/token_alice", 1_002: "/t/token_bob"])
    let hold = Hold(since: machine.start, cause: .noToken, reason: "x")
    machine.instruments.note(
      [], endpoint: .reachable, since: nil, holds: [.common: hold, .user(1_002): hold, .user(1_003): hold], storageTrouble: nil,
      now: machine.start)
    let page = try machine.page()
    #expect(page.value("progress_sync_accounts", ["state": "held"]) == 2)
    #expect(page.value("progress_sync_accounts", ["state": "open"]) == 1)
  }

  @Test("counts a request while it is made, and its time by what it came to")
  func requests() async throws {
    var inFlight: Double?
    _ = await machine.instruments.request {
      inFlight = try? machine.page().value("progress_sync_requests_in_flight")
      return .unreachable(reason: "x")
    }
    _ = await machine.instruments.request { .delivered }
    let page = try machine.page()
    #expect(inFlight == 1)
    #expect(page.value("progress_sync_requests_in_flight") == 0)
    #expect(page.value("progress_sync_request_duration_seconds_count", ["outcome": "unreachable"]) == 1)
    #expect(page.value("progress_sync_request_duration_seconds_count", ["outcome": "delivered"]) == 1)
    #expect(page.value("progress_sync_request_duration_seconds_count", ["outcome": "throttled"]) == 0)
  }

  @Test("measures from the drop to the delivery, and counts refused files")
  func events() throws {
    let session = try machine.session(day: 1)
    let entry = EntryReference(sequence: 1, key: Write(session: session, value: .undone, recordedAt: machine.start).key, sender: 7)
    machine.instruments.note(
      [
        .synced(entry, droppedAt: machine.start - .milliseconds(1_500), afterFailures: 0), .synced(entry, droppedAt: nil, afterFailures: 0),
        .refused(file: "a.json", sender: 1_000, reason: "x", storedAs: "a.json"), .storageRecovered,
      ], endpoint: .reachable, since: nil, storageTrouble: nil, now: machine.start)
    let page = try machine.page()
    #expect(page.value("progress_sync_delivery_delay_seconds_count") == 1)
    #expect(page.value("progress_sync_delivery_delay_seconds_sum") == 1.5)
    #expect(page.value("progress_sync_files_rejected_total") == 1)
  }

  @Test("counts the spool's files as they lie there, and measures its scans and syncs")
  func spool() throws {
    for number in 1...3 { try machine.put("incoming", "\(number).json") }
    try machine.put("incoming", ".unfinished.tmp")
    try machine.put("rejected", "a.json")
    try machine.put("rejected", "a.json.reason")
    let page = try machine.page()
    #expect(page.value("progress_sync_spool_files", ["part": "incoming"]) == 3)
    #expect(page.value("progress_sync_spool_files", ["part": "claimed"]) == 0)
    #expect(page.value("progress_sync_spool_files", ["part": "rejected"]) == 1)
    try machine.spool.scan(now: machine.start)
    _ = try machine.spool.claim(atMost: 10, now: machine.start)
    let later = try machine.page()
    #expect(later.value("progress_sync_spool_files", ["part": "claimed"]) == 3)
    #expect(later.value("progress_sync_spool_scan_duration_seconds_count") == 1)
    #expect(try #require(later.value("progress_sync_spool_sync_duration_seconds_count")) >= 2)
  }

  @Test("leaves out what cannot be read, says so, and has the rest")
  func unreadable() throws {
    try machine.remove("state/queue.sqlite")
    try machine.remove("spool/rejected")
    let page = try machine.page()
    #expect(page.value("progress_sync_queue_readable") == 0)
    #expect(page.families["progress_sync_queue_entries"] == nil)
    #expect(page.value("progress_sync_spool_files", ["part": "rejected"]) == nil)
    #expect(page.value("progress_sync_spool_files", ["part": "incoming"]) == 0)
    #expect(page.value("progress_sync_requests_in_flight") == 0)
  }
}
