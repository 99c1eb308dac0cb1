import CrashPoints
import Foundation
import GRDB
import ProgressModel
import SyncPolicy
@testable import SyncStore
import TestSupport
import Testing

@Suite("A damaged queue")
struct RescueTests {
  private let queue: TemporaryQueue
  private let now = start + .seconds(3_600)

  init() throws {
    queue = try TemporaryQueue()
  }

  /// What a queue holds, by table.
  private func contents(of path: String) throws -> [String: [Row]] {
    try DatabaseQueue(path: path).read { database in
      let tables = [
        "writes", "receipts", "client_actions", "last_sync", "sqlite_sequence", "tallies", "totals", "suspension", "discards", "senders",
      ]
      return try Dictionary(uniqueKeysWithValues: tables.map { ($0, try Row.fetchAll(database, sql: "SELECT * FROM \($0) ORDER BY 1, 2")) })
    }
  }

  /// A queue with a past: rows that were replaced, delivered and failed, so that there are free pages with what must not come back.
  private func fill(_ store: SyncStore, sessions: Int = 300) throws {
    let files = try (0..<sessions).map { number in
      let session = try session("p\(number % 7)", 1 + number / 50, 1 + number % 50)
      let log = ExerciseLog(fields: ["exercise_id": .string("e\(number)"), "notes": .string(String(repeating: "n", count: number))])
      let actions = [
        Action(session: session, change: .complete(at: nil, rating: .hard, scheduled: nil)),
        Action(session: session, change: .logExercise(try #require(log)), id: ActionID("id-\(number)")),
      ]
      return AcceptableFile(claim: "claim-\(number)", sender: 1000, droppedAt: start, actions: actions)
    }
    _ = try store.accept(files, now: start, debounce: debounce, inFlight: [], forgetting: [])
    let again = files.prefix(20).map { AcceptableFile(claim: $0.claim + "-again", sender: 1000, droppedAt: now, actions: $0.actions) }
    _ = try store.accept(again, now: now, debounce: debounce, inFlight: [], forgetting: [])
    let settled = try store.entries().map(\.sequence).filter { sequence in sequence % 3 == 0 || sequence < 200 }
    let failed = Fate.failed(status: 422, reason: "no")
    _ = try store.settle(settled.map { Settlement(sequence: $0, fate: $0 % 15 == 0 ? failed : .delivered) }, pause: nil, now: now)
    // As if a person had paused until tomorrow, and discarded some.
    try store.database.write { database in
      try database.execute(sql: "INSERT INTO suspension VALUES (1, 1, 86400001, 86400000, 1000)")
      for day in 1...60 {
        try database.execute(sql: "INSERT INTO discards VALUES (-1, 'gone', 1, ?, 'completion', '', ?, 0, 1000)", arguments: [day, day])
      }
    }
  }

  private func expectBalance(_ store: SyncStore, _ words: Comment? = nil) throws {
    let totals = try store.totals()
    let rows = try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM writes") ?? 0 }
    #expect(totals.accepted == totals.superseded + totals.delivered + totals.discarded + totals.lost + rows, words)
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: queue.directory.path).sorted()
  }

  @Test("that is whole is copied whole, from file and log", arguments: [true, false])
  func everything(isInLog: Bool) throws {
    let store = try queue.open()
    try fill(store)
    if !isInLog { store.close() }
    let before = try contents(of: queue.path)
    let copy = queue.directory.appending(path: "copy.sqlite").path
    let salvage = try QueueSalvage(from: queue.path, into: copy)
    let after = try contents(of: copy)
    for table in before.keys { #expect(after[table] == before[table], "\(table)") }
    #expect(salvage.savedWrites == before["writes"]?.count && salvage.writesBefore == salvage.savedWrites)
  }

  @Test("that lost rows says how many, and keeps an endless pause")
  func lost() throws {
    let store = try queue.open()
    try fill(store)
    let before = try store.totals()
    try store.database.write {
      try $0.execute(sql: "DELETE FROM writes WHERE sequence % 2 = 0; INSERT OR REPLACE INTO suspension VALUES (1, 7, NULL, NULL, 0)")
    }
    let rows = try store.entries().count
    let copy = queue.directory.appending(path: "copy.sqlite").path
    _ = try QueueSalvage(from: queue.path, into: copy)
    let after = try SyncStore(path: copy).totals()
    #expect(after.accepted == before.accepted && after.lost == before.accepted - before.superseded - before.delivered - rows)
    #expect(try contents(of: copy)["suspension"] == contents(of: queue.path)["suspension"])
  }

  @Test(
    "whose counts are damaged is rescued without them, and counts on",
    arguments: [
      "UPDATE totals SET accepted = 9223372036854775807, superseded = 9223372036854775807", "UPDATE totals SET delivered = -1",
      "UPDATE tallies SET number = 9223372036854775807", "UPDATE tallies SET number = -9223372036854775807 - 1",
    ])
  func damagedCounts(damage: String) throws {
    let store = try queue.open()
    try fill(store)
    try store.database.write { try $0.execute(sql: damage) }
    let (rows, _) = (try store.entries().count, store.close())
    let (rescued, rescue) = try SyncStore.openRescuing(path: queue.path, damage: "damaged", now: now)
    #expect(rescue?.savedWrites == rows)
    try rescued.accept(Action(session: session("p", 9, 9), change: .uncomplete))
    try expectBalance(rescued)
  }

  @Test("of an older version is rescued into one that counts what was saved")
  func older() throws {
    let database = try DatabaseQueue(path: queue.path)
    try Schema.migrator.migrate(database, upTo: "1: queue and receipts")
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms,
            due_at_ms, sender_uid) VALUES ('c-1', 'p1', 1, 3, 'completion', '{"completed_at":null}', 1, 1, 1, 1, 1000)
          """)
    }
    try database.close()
    let (store, rescue) = try SyncStore.openRescuing(path: queue.path, damage: "damaged", now: now)
    #expect(rescue?.savedWrites == 1)
    #expect(try store.totals().accepted == 1)
    try expectBalance(store)
  }

  @Test("has no two kinds of records that look alike")
  func shapes() throws {
    let store = try queue.open()
    try fill(store)
    try store.accept(Action(session: session("p", 9, 9), change: .uncomplete))
    let image = try PageImage(path: queue.path)
    let copy = queue.directory.appending(path: "copy.sqlite").path
    let salvage = try QueueSalvage(from: queue.path, into: copy)
    #expect(image.pageCount > 20)
    #expect(try salvage.savedWrites == store.entries().count)
    // An index that looked like a table would have brought rows of it in.
    let (before, after) = (try contents(of: queue.path), try contents(of: copy))
    for table in before.keys { #expect(after[table]?.count == before[table]?.count, "\(table)") }
  }

  @Test(
    "is found at the start, kept byte for byte, and goes on with what is readable",
    arguments: ["garbage", "first page", "truncated", "index", "log", "schema"])
  func found(kind: String) throws {
    var store = try queue.open()
    try fill(store)
    let count = try store.entries().count
    let log = try bytes(queue.path + "-wal")
    store.close()
    var file = try bytes(queue.path)
    switch kind {
    case "garbage": file = Data(repeating: 0x61, count: 20_000)
    case "first page": file.replaceSubrange(0..<4096, with: Data(count: 4096))
    case "truncated": file = file.prefix(file.count - 3 * 4096 - 100)
    case "index":
      let root = try DatabaseQueue(path: queue.path).read {
        try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'writes_by_due'") ?? 0
      }
      file.replaceSubrange((root - 1) * 4096..<root * 4096, with: Data(count: 4096))
    case "schema":
      let place = try #require(file.range(of: Data("week_number INTEGER".utf8)))
      file.replaceSubrange(place.lowerBound..<place.lowerBound + 1, with: Data("v".utf8))
    default: break
    }
    try file.write(to: URL(filePath: queue.path))
    if kind == "log" {
      var log = log
      log[32 + 10 * 4120 + 500] ^= 0x10
      try log.write(to: URL(filePath: queue.path + "-wal"))
    }
    let damagedLog = try? bytes(queue.path + "-wal")
    let damaged = try bytes(queue.path)
    let (opened, report) = try SyncStore.openRescuing(path: queue.path, now: now)
    store = opened
    let rescue = try #require(report)
    #expect(rescue.keptAs == queue.path + ".corrupt-20260128T163000Z")
    let keptAs = try #require(rescue.keptAs)
    #expect(try bytes(keptAs) == damaged)
    // Where there was no log, looking at the file has made an empty one.
    #expect((try? bytes(keptAs + "-wal")) ?? Data() == damagedLog ?? Data())
    #expect(try store.entries().count == rescue.savedWrites)
    let saved = ["first page": count, "index": count, "schema": count, "garbage": 0][kind]
    if let saved { #expect(rescue.savedWrites == saved) } else { #expect(rescue.savedWrites > count / 3 && rescue.savedWrites <= count) }
    try store.accept(Action(session: session("new"), change: .uncomplete))
    try expectBalance(store)
    store.close()
    #expect(try SyncStore.openRescuing(path: queue.path, now: now).rescue == nil)
  }

  private enum Damage: CaseIterable {
    case zeroes
    case garbage
    case flips
    case truncation
  }

  @Test("costs what stands on the damaged page, gives back nothing that was gone, and stops no start")
  func random() throws {
    let store = try queue.open()
    try fill(store, sessions: 100)
    try #require(try store.database.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? 0 } > 3)
    store.close()
    let sound = try bytes(queue.path)
    let rows = Dictionary(uniqueKeysWithValues: try (contents(of: queue.path)["writes"] ?? []).map { ($0["sequence"] as Int64, $0) })
    let sequences = Dictionary(uniqueKeysWithValues: rows.map { ($0.value["id"] as String, $0.key) })
    let image = try PageImage(path: queue.path)
    let places = image.numbers.reduce(into: [Int64: Int]()) { places, page in
      for record in image.records(on: page) where record.values.count > 18 { record.row.map { places[$0] = page } }
    }
    #expect(Set(places.keys) == Set(rows.keys))
    let pageOfTotals = image.numbers.first { page in
      image.records(on: page).contains { $0.row == 1 && $0.values.count == QueueTotals.columns.count + 1 }
    }
    let seed = ProcessInfo.processInfo.environment["RESCUE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for round in 0..<40 {
      let place = try TemporaryQueue()
      let page = Int.random(in: image.numbers, using: &random)
      let kind = try #require(Damage.allCases.randomElement(using: &random))
      let range = (page - 1) * 4096..<page * 4096
      var file = sound
      switch kind {
      case .zeroes: file.replaceSubrange(range, with: Data(count: 4096))
      case .garbage: file.replaceSubrange(range, with: Data((0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }))
      case .flips: for _ in 0..<8 { file[Int.random(in: range, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random) }
      case .truncation: file = file.prefix(range.lowerBound + Int.random(in: 1..<4096, using: &random))
      }
      try file.write(to: URL(filePath: place.path))
      let words: Comment = "seed \(seed), round \(round): \(kind) on page \(page) of \(image.pageCount)"
      let opened = Result { try SyncStore.openRescuing(path: place.path, now: now) }
      guard case .success(let (store, rescue)) = opened else {
        Issue.record("\(words): \(opened)")
        continue
      }
      if let keptAs = rescue?.keptAs { #expect(try bytes(keptAs) == file, words) }
      let saved = try store.database.read { try Row.fetchAll($0, sql: "SELECT * FROM writes") }
      let isTouched = { (row: Int64) in kind == .truncation ? places[row] ?? 0 >= page : places[row] == page }
      for row in saved {
        let sequence: Int64 = row["sequence"]
        // A bit that flips in a number or a text is not seen; but what was gone must not come back with it.
        let origin = rows[sequence] == nil ? sequences[row["id"]] : sequence
        let isChanged = try kind == .flips && isTouched(#require(origin, words))
        if !isChanged { #expect(rows[sequence] == row, words) }
      }
      let missing = Set(rows.keys).subtracting(saved.map { $0["sequence"] as Int64 })
      #expect(missing.allSatisfy(isTouched), words)
      try store.accept(Action(session: session("new"), change: .uncomplete))
      let areCountsUnseen = try kind == .flips && rescue == nil && page == #require(pageOfTotals)
      if !areCountsUnseen { try expectBalance(store, words) }
      #expect(try #require(store.entries().last).sequence > rows.keys.max() ?? 0, words)
    }
  }

  @Test("is rescued from its log alone, when only its database is gone")
  func onlyTheLogIsThere() throws {
    let store = try queue.open()
    try fill(store)
    let before = try store.entries()
    // The log goes with the last connection.
    let log = try bytes(queue.path + "-wal")
    store.close()
    try FileManager.default.removeItem(atPath: queue.path)
    try log.write(to: URL(filePath: queue.path + "-wal"))
    let (opened, rescue) = try SyncStore.openRescuing(path: queue.path, now: now)
    #expect(try opened.entries() == before)
    #expect(rescue?.savedWrites == before.count)
  }

  @Test("that is gone altogether, or was emptied, is said to be lost", arguments: [true, false])
  func vanished(isEmptied: Bool) throws {
    let store = try queue.open()
    try fill(store)
    store.close()
    for suffix in ["-wal", "-shm", ""] where FileManager.default.fileExists(atPath: queue.path + suffix) {
      try FileManager.default.removeItem(atPath: queue.path + suffix)
    }
    if isEmptied { try Data().write(to: URL(filePath: queue.path)) }
    let (opened, loss) = try SyncStore.openRescuing(path: queue.path, now: now)
    #expect(try opened.entries().isEmpty)
    #expect(try #require(loss).description.contains("is gone or empty, though a queue was there"))
    opened.close()
    #expect(try SyncStore.openRescuing(path: queue.path, now: now).rescue == nil)
  }

  @Test("is not missed where there was none")
  func firstStart() throws {
    #expect(try SyncStore.openRescuing(path: queue.path, now: now).rescue == nil)
  }

  private struct Interruption: Error {}

  @Test("is exchanged once and for all, wherever the exchange is interrupted", arguments: CrashPoint.ofRescue)
  func interrupted(step: CrashPoint) throws {
    let store = try queue.open()
    try fill(store, sessions: 40)
    let before = try store.entries()
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.copyItem(atPath: queue.path + suffix, toPath: queue.path + ".saved" + suffix)
    }
    store.close()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: queue.path + suffix)  // Closing has removed some.
      try FileManager.default.moveItem(atPath: queue.path + ".saved" + suffix, toPath: queue.path + suffix)
    }
    let damaged = try bytes(queue.path)
    var rescue = QueueRescue(path: queue.path)
    rescue.afterStep = { if $0 == step { throw Interruption() } }
    #expect(throws: Interruption.self) { try rescue.run(reason: "damaged", now: now) }
    for _ in 1...2 {
      let damage = step == .rescueFilled ? "damaged" : nil
      let opened = try SyncStore.openRescuing(path: queue.path, damage: damage, now: now)
      #expect(try opened.store.entries() == before)
      opened.store.close()
    }
    #expect(try names().contains { $0.hasPrefix("queue.sqlite.corrupt-") })
    #expect(try !names().contains { $0.hasPrefix("queue.sqlite.rescue") })
    #expect(try bytes(queue.path + ".corrupt-20260128T163000Z") == damaged)
  }

  @Test("is told from one of a newer version")
  func newer() throws {
    try queue.open().close()
    try DatabaseQueue(path: queue.path).write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999: from the future')") }
    #expect(throws: SyncStoreError.newer(path: queue.path)) { try SyncStore.openRescuing(path: queue.path, now: now) }
  }

  @Test(
    "waits for space when the disk is full, and has changed nothing",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
  func full() throws {
    let disk = try SmallDisk(kibibytes: 4_096)
    let path = disk.directory.appending(path: "queue.sqlite").path
    let store = try SyncStore(path: path)
    try fill(store, sessions: 30)
    store.close()
    var file = try bytes(path)
    file.replaceSubrange(0..<100, with: Data(count: 100))
    try file.write(to: URL(filePath: path))
    _ = store.reserve.giveUp()
    try disk.fill()
    for _ in 1...2 {
      let error = #expect(throws: SyncStoreError.self) { try SyncStore.openRescuing(path: path, now: now) }
      guard case .full? = error else {
        Issue.record("not recognised as full: \(String(describing: error))")
        return
      }
    }
    #expect(try bytes(path) == file)
    try disk.clear()
    #expect(try #require(SyncStore.openRescuing(path: path, now: now).rescue).savedWrites > 0)
  }
}
