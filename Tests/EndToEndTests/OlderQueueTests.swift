import Foundation
import GRDB
import Glibc
@testable import SyncStore
import TestSupport
import Testing

@Suite("A queue of the first version is taken over with everything in it")
struct OlderQueueTests {
  @Test("though the daemon is killed while it migrates", arguments: ["migrating", "migrated"])
  func migration(point: String) async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try machine.configure()
    try makeQueue(of: machine)
    let hasDied = try await machine.dies(at: point)
    try machine.drop(action("complete", day: 4))
    try machine.drop(rating("easy", day: 5, id: "once"))
    try await machine.startDaemon()
    try await eventually("all but the failed one is delivered") {
      try machine.pending() == 1 && machine.rows() == ["1-1 done", "1-2 done hard", "1-4 done"]
    }
    #expect(try machine.files(in: "claimed").isEmpty)
    #expect(try !machine.daemonLog.contains("damaged"), "it is migrated, not rescued")
    let failed = try await machine.progressctl("queue")
    #expect(failed.words.contains("schedule-p1-1-3") && failed.words.contains("out of the programme"), "\(failed.words)")
    #expect(try hasDied == (migrations(of: machine) > 1), "the point is reached by every migration")
  }

  @Test("and systemd is told of the progress, as long as there is any")
  func progress() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try await machine.stopAPI()
    try machine.configure()
    try makeQueue(of: machine)
    try await DatabaseQueue(path: path(machine)).write { database in
      try database.execute(
        sql: """
          WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
          INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
            due_at_ms, sender_uid)
          SELECT 'x' || n, 'q' || n, 1, 1, 'completion', '{"completed_at":"2023-11-14T22:13:20Z"}', 1, 1, 1, 1 << 50, 0 FROM numbers
          """)
    }
    try await machine.startDaemon()
    let before = machine.notifications.received.prefix { $0 != "READY=1" }
    #expect(before.contains { $0.hasPrefix("STATUS=bringing the queue of an older version to this version's form, for ") }, "\(before)")
    #expect(before.contains("EXTEND_TIMEOUT_USEC=60000000") && before.contains("WATCHDOG=1"), "\(before)")
    try await machine.stopDaemon()
    let count = machine.notifications.received.count
    try await machine.startDaemon()
    let again = machine.notifications.received.dropFirst(count).prefix { $0 != "READY=1" }
    #expect(again.isEmpty, "there is nothing to do any more: \(again)")
    try await machine.stopDaemon()
  }

  private func path(_ machine: Workstation) -> String { machine.directory.appending(path: "state/queue.sqlite").path }

  private func migrations(of machine: Workstation) throws -> Int {
    try DatabaseQueue(path: path(machine)).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM grdb_migrations") ?? 0 }
  }

  /// Writes the queue, and a file of `claimed/` that it has accepted, as the first version of the daemon has left them.
  private func makeQueue(of machine: Workstation) throws {
    for part in ["state", "spool/incoming", "spool/claimed"] {
      let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
      try FileManager.default.createDirectory(
        at: machine.directory.appending(path: part), withIntermediateDirectories: true, attributes: attributes)
    }
    let claim = "018bcfe568000000deadbeef"
    try Data(rating("easy", day: 2).utf8).write(to: machine.directory.appending(path: "spool/claimed/\(claim).018bcfe56800.0.json"))
    let queue = try DatabaseQueue(path: path(machine))
    try Schema.migrator.migrate(queue, upTo: "1: queue and receipts")
    try queue.write { database in
      try database.execute(
        sql: """
          INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
            state, due_at_ms, failures, is_alone, last_status, last_reason, sender_uid) VALUES
          ('\(claim)-1', 'p1', 1, 1, 'completion', '{"completed_at":"2023-11-14T22:13:20Z"}', 1, 1, 1, 'waiting', 1, 0, 0, NULL, NULL, 0),
          ('\(claim)-2', 'p1', 1, 2, 'completion', '{"completed_at":"2023-11-14T22:13:20Z"}', 1, 1, 1, 'retrying', 1, 1, 0, 503, 'busy', 0),
          ('\(claim)-3', 'p1', 1, 2, 'intensity', '{"intensity_rating":"hard"}', 2, 2, 2, 'parked', 1, 5, 1, 500, 'broken', 0),
          ('\(claim)-4', 'p1', 1, 3, 'schedule', '{"scheduled_date":"2026-01-28"}', 1, 1, 1, 'failed', NULL, 1, 1, 422,
            'out of the programme', 0);
          INSERT INTO receipts VALUES ('\(claim)', 1);
          """)
      let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
      try database.execute(sql: "INSERT INTO client_actions VALUES (?, 'once', ?)", arguments: [getuid(), now])
    }
  }
}

extension Workstation {
  /// Starts the daemon with a crash point set, and returns whether it died at it before it was ready; a living one is killed.
  fileprivate func dies(at point: String) async throws -> Bool {
    let before = notifications.received.count { $0 == "READY=1" }
    let program = try RunningProgram(
      "progress-syncd", ["--config", configurationFile.path],
      environment: ["PROGRESS_CRASH_POINT": point, "NOTIFY_SOCKET": notifications.path], output: directory.appending(path: "daemon.log"))
    try await eventually("it is ready or dead") { !program.isRunning || self.notifications.received.count { $0 == "READY=1" } > before }
    let isDead = !program.isRunning
    program.send(SIGKILL)
    #expect(await program.end() == -SIGKILL)
    return isDead
  }
}

private func rating(_ rating: String, day: Int, id: String) -> String {
  action("intensity", day: day, "\"intensity_rating\":\"\(rating)\",\"id\":\"\(id)\"")
}
