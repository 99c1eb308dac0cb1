import Foundation
import Glibc
import ProgressModel
import Spool
import SyncEngine
import SyncPolicy
import SyncStore
import SystemPackage
import TestSupport
import Testing

@Suite("Who has as much as one may have")
struct BoundsTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
    machine.turn(TurnInput())
  }

  private func bound(files: Int = 1_000, keys: Int = 1_000, bytes: Int = 1 << 20) {
    var settings = Workstation.settings
    settings.bounds = SenderBounds(files: files, keys: keys, bytes: bytes)
    machine.apply(settings)
  }

  private var reached: [ReachedBound] {
    machine.events.compactMap { if case .boundReached(let hold) = $0 { hold } else { nil } }
  }

  private var left: [ReachedBound] {
    machine.events.compactMap { if case .boundLeft(let hold) = $0 { hold } else { nil } }
  }

  private func rating(_ rating: String = "easy", day: Int) -> String {
    action("intensity", "\"intensity_rating\":\"\(rating)\"", day: day)
  }

  @Test("waits in incoming/ with what comes then, over a crash, and goes on when something was delivered", arguments: [false, true])
  func keys(dropsAllAtOnce: Bool) throws {
    bound(keys: 5)
    for day in 1...7 { try machine.drop(rating(day: day), ringing: !dropsAllAtOnce) }
    if dropsAllAtOnce { machine.turn(TurnInput(spoolRang: true)) }
    machine.pass(.seconds(60)) { _ in nil }
    #expect(try machine.counts.pending == 5 && machine.files(in: "incoming").count == 2)
    #expect(reached.map(\.bound) == [.keys] && reached.map(\.sender) == [machine.owner] && reached.map(\.limit) == [5])
    #expect(try machine.status.reachedBounds == reached && left.isEmpty)
    try machine.killAndStart()
    #expect(try machine.counts.pending == 5 && machine.files(in: "incoming").count == 2)
    machine.pass(.seconds(600))
    #expect(try machine.files(in: "incoming").isEmpty && machine.counts.pending == 0)
    #expect(try machine.status.reachedBounds.isEmpty && reached.count == 2 && left.count == 1)
  }

  @Test("does not keep the engine busy: between two rescans nothing happens")
  func quiet() throws {
    bound(keys: 2)
    for day in 1...4 { try machine.drop(rating(day: day)) }
    machine.pass(.seconds(10)) { _ in nil }
    let wakeAt = try #require(machine.wakeAt)
    #expect(wakeAt > machine.now + .seconds(1), "woken at \(wakeAt)")
    #expect(try machine.files(in: "incoming").count == 2)
  }

  @Test("goes on when he discards something, as far as there is room")
  func discard() throws {
    bound(keys: 3)
    for day in 1...6 { try machine.drop(rating(day: day)) }
    machine.pass(.seconds(2)) { _ in nil }
    #expect(try machine.files(in: "incoming").count == 3)
    let keys = ["intensity-p1-1-1", "intensity-p1-1-2"]
    machine.turn(TurnInput(commands: [EngineCommand(id: 1, .discard(EntrySelection(keys: keys)), caller: 0, sender: nil)]))
    machine.pass(.seconds(1)) { _ in nil }
    #expect(try machine.entries().count == 3 && machine.files(in: "incoming").count == 1)
  }

  @Test("is bound by the bytes of values, too")
  func bytes() throws {
    bound(bytes: 400)
    let notes = String(repeating: "n", count: 300)
    for day in 1...4 { try machine.drop(action("exercise", "\"exercise\":{\"exercise_id\":\"squat\",\"notes\":\"\(notes)\"}", day: day)) }
    machine.pass(.seconds(1)) { _ in nil }
    #expect(try machine.entries().count == 2 && machine.files(in: "incoming").count == 2)
    #expect(reached.map(\.bound) == [.bytes])
    machine.pass(.seconds(3_600))
    #expect(try machine.counts.pending == 0 && machine.files(in: "incoming").isEmpty)
  }

  @Test("of rejected files goes on when some of those are gone")
  func rubbish() throws {
    bound(files: 3)
    for _ in 0..<8 { try machine.drop("rubbish") }
    machine.pass(.seconds(3))
    #expect(try machine.files(in: "rejected").count == 6 && machine.files(in: "incoming").count == 5)
    #expect(reached.map(\.bound) == [.files])
    try machine.drop(rating(day: 1))
    machine.pass(.seconds(120))
    #expect(try machine.files(in: "incoming").count == 6 && machine.calls.isEmpty)
    let rejected = RejectedFiles(root: FilePath(machine.directory.appending(path: "spool").path))
    for _ in 0..<2 {
      _ = try rejected.discard(.all, of: nil)
      machine.turn(TurnInput(spoolRang: true))
      machine.pass(.seconds(3))
    }
    #expect(try machine.files(in: "incoming").isEmpty && machine.calls.count == 1)
    _ = try rejected.discard(.all, of: nil)
    machine.pass(.seconds(120))
    #expect(left.map(\.bound) == [.files] && reached.count == 1)
  }

  @Test("holds nobody else up", .enabled(if: geteuid() == 0, "only root may give files away"))
  func others() throws {
    bound(keys: 3)
    for day in 1...6 { try machine.drop(rating(day: day)) }
    try machine.drop(rating(day: 9), as: "other.json", ringing: false)
    #expect(chown(machine.directory.appending(path: "spool/incoming/other.json").path, 61_002, 61_002) == 0)
    machine.turn(TurnInput(spoolRang: true))
    #expect(try machine.entries().map(\.sender) == [0, 0, 0, 61_002])
    #expect(reached.map(\.sender) == [0])
  }

  @Test("loses nothing, whatever the bounds are", arguments: 1...20)
  func nothingLost(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    bound(files: .random(in: 1...3, using: &random), keys: .random(in: 1...6, using: &random), bytes: .random(in: 1...400, using: &random))
    var last: [Int: String] = [:]
    var rubbish = 0
    let rejected = RejectedFiles(root: FilePath(machine.directory.appending(path: "spool").path))
    var discarded = 0
    for _ in 0..<60 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0:
        try machine.drop("rubbish \(rubbish)")
        rubbish += 1
      case 1: machine.pass(.milliseconds(.random(in: 1...3_000, using: &random)))
      case 2: machine.pass(.milliseconds(.random(in: 1...3_000, using: &random))) { _ in .unreachable(reason: "refused") }
      case 3: discarded += try rejected.discard(.all, of: nil).changed.count
      default:
        let day = Int.random(in: 1...8, using: &random)
        let value = ["easy", "perfect", "hard"].randomElement(using: &random) ?? "easy"
        try machine.drop(rating(value, day: day), ringing: Bool.random(using: &random))
        last[day] = value
      }
    }
    for _ in 0..<70 {
      machine.pass(.seconds(61))
      discarded += try rejected.discard(.all, of: nil).changed.count
    }
    #expect(try machine.counts.pending == 0 && machine.files(in: "incoming").isEmpty, "seed \(seed)")
    #expect(discarded == rubbish, "seed \(seed)")
    for (day, value) in last {
      let change = machine.calls.last { $0.session.day == day }?.change
      #expect(change == .intensity(try #require(IntensityRating(rawValue: value))), "seed \(seed), day \(day)")
    }
  }
}
