import Foundation
import GRDB
import Glibc
import ProgressModel
import SyncPolicy
@testable import SyncStore
import TestSupport
import Testing

@Suite("A full disk", .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
struct FullDiskTests {
  private static let sizes = [512, 700, 2_048]

  private func open(_ disk: SmallDisk) throws -> SyncStore {
    try SyncStore(path: disk.directory.appending(path: "queue.sqlite").path)
  }

  /// Accepts batches until the disk takes no more; returns how many writes are in.
  private func acceptUntilFull(_ store: SyncStore, perBatch: Int = 5) throws -> Int {
    var batches = 0
    while batches < 10_000 {
      let files = try (0..<perBatch).map { number in
        let action = Action(session: try session("p\(batches)", 1, number + 1), change: .uncomplete)
        return AcceptableFile(claim: "claim-\(batches)-\(number)", sender: 1000, droppedAt: start, actions: [action])
      }
      do {
        _ = try store.accept(files, now: start, debounce: debounce, inFlight: [], forgetting: [])
      } catch SyncStoreError.full {
        return batches * perBatch
      }
      batches += 1
    }
    return batches * perBatch
  }

  private func deliverEverything(_ store: SyncStore, perTurn: Int) throws {
    let sequences = try store.entries().map(\.sequence)
    for first in stride(from: 0, to: sequences.count, by: perTurn) {
      let settlements = sequences[first..<min(first + perTurn, sequences.count)].map { Settlement(sequence: $0, fate: .delivered) }
      #expect(try store.settle(settlements, pause: nil, now: start).count == settlements.count)
    }
  }

  @Test("stops what comes in, and settles everything that is there", arguments: sizes, [1, 8])
  func settles(kibibytes: Int, perTurn: Int) throws {
    let disk = try SmallDisk(kibibytes: kibibytes)
    let store = try open(disk)
    let count = try acceptUntilFull(store)
    #expect(count > 0)
    try disk.fill()
    // The log may have room for a few yet.
    var more = 0
    while more < 500, (try? store.accept(Action(session: session("more", 1 + more / 50, 1 + more % 50), change: .uncomplete))) != nil {
      more += 1
    }
    #expect(more < 500)
    #expect(try store.counts().waiting == count + more)
    let later = start + .seconds(60)
    let retried = Fate.retried(
      at: later, failures: 1, state: .retrying, companyLimit: 0, status: 503, reason: String(repeating: "x", count: 200))
    for entry in try store.entries().prefix(20) {
      _ = try store.settle([Settlement(sequence: entry.sequence, fate: retried)], pause: nil, now: later)
    }
    try deliverEverything(store, perTurn: perTurn)
    #expect(try store.counts().pending == 0)
    #expect(try store.entries().isEmpty)
  }

  @Test("keeps nobody from discarding, by steps that the reserve is enough for", arguments: sizes)
  func discards(kibibytes: Int) throws {
    let disk = try SmallDisk(kibibytes: kibibytes)
    let store = try open(disk)
    let count = try acceptUntilFull(store)
    try disk.fill()
    var (changed, cursor): (Int, EntryCursor?) = (0, nil)
    repeat {
      let step = try store.discard(EntrySelection(all: true), of: nil, by: 0, from: cursor, atMost: 100, now: start)
      (changed, cursor) = (changed + step.changed, step.next)
    } while cursor != nil
    #expect(changed == count)
    #expect(try store.entries().isEmpty && store.totals().discarded == count)
  }

  @Test("that only the queue itself has filled takes in again when it is delivered", arguments: sizes)
  func fillsItself(kibibytes: Int) throws {
    let disk = try SmallDisk(kibibytes: kibibytes)
    let store = try open(disk)
    let first = try acceptUntilFull(store)
    try deliverEverything(store, perTurn: 8)
    try store.forgetReceipts(before: start + .seconds(1), except: [])
    let second = try acceptUntilFull(store)
    #expect(second * 2 > first, "\(second) of \(first)")
    #expect(store.reserve.isWhole)
  }

  @Test("keeps nobody from starting, nor from settling then")
  func startWhenFull() throws {
    let disk = try SmallDisk(kibibytes: 700)
    let count = try acceptUntilFull(open(disk))
    try disk.fill()
    let store = try open(disk)
    #expect(try store.entries().count == count)
    try deliverEverything(store, perTurn: 8)
    #expect(try store.entries().isEmpty)
  }

  @Test("gives the space for settling to nothing that comes in, and takes it again when there is some")
  func reserve() throws {
    let disk = try SmallDisk(kibibytes: 1_024)
    let store = try open(disk)
    try store.accept(Action(session: session("p2"), change: .uncomplete))
    // A log without any room.
    try store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    try disk.fill()
    #expect(throws: SyncStoreError.self) { try store.accept(Action(session: session(), change: .uncomplete)) }
    #expect(store.reserve.isWhole)
    let first = try #require(try store.entries().first)
    _ = try store.settle([Settlement(sequence: first.sequence, fate: .delivered)], pause: nil, now: start)
    #expect(!store.reserve.isWhole)
    try disk.fill()
    #expect(throws: SyncStoreError.self) { try store.accept(Action(session: session(), change: .uncomplete)) }
    #expect(!store.reserve.isWhole)
    try disk.clear()
    try store.accept(Action(session: session(), change: .uncomplete))
    #expect(store.reserve.isWhole)
  }
}
