import Glibc
import ProgressModel
import SystemPackage
import Testing

@testable import Spool

private let (alice, bob) = (UInt32(61_002), UInt32(61_001))
private let isRoot: Comment = "only root may give files away"

@Suite("Senders take turns") struct TurnsTests {
  /// A file that belongs to `sender`.
  private func put(_ name: String, of sender: UInt32, second: Int, _ text: String = "{}", in spool: borrowing TemporarySpool) {
    spool.put(text, as: name, mtime: Timestamp(milliseconds: Int64(second) * 1_000))
    #expect(spool.path(name).withCString { chown($0, sender, sender) } == 0)
  }

  @Test("A flood of one delays another's file by no more than a batch, and keeps its own order", .enabled(if: geteuid() == 0, isRoot))
  func flood() throws {
    let spool = try TemporarySpool()
    for number in 0..<1_000 { put("b\(1_000 + number).json", of: bob, second: number, in: spool) }
    put("a.json", of: alice, second: 5_000, in: spool)
    let reader = try spool.reader()
    try reader.scan(now: spool.start)
    let first = try reader.claim(atMost: 100, now: spool.start)
    #expect(first.files.count == 100 && first.files.last?.name == SpoolName("a.json") && first.files.last?.sender == alice)
    let rest = try reader.takeRest(now: spool.start, atMost: 100)
    #expect((first.files + rest.files).filter { $0.sender == bob }.map(\.name.description) == (0..<1_000).map { "b\(1_000 + $0).json" })
  }

  @Test("What fits into one batch keeps the order of all, whoever dropped it", .enabled(if: geteuid() == 0, isRoot))
  func order() throws {
    let spool = try TemporarySpool()
    let senders = [bob, bob, alice, bob, alice, alice, bob]
    for (number, sender) in senders.enumerated() { put("\(number).json", of: sender, second: number, in: spool) }
    #expect(try spool.reader().takeAll(now: spool.start).names == senders.indices.map { "\($0).json" })
  }

  @Test("Large files of one leave another his share of a batch's bytes", .enabled(if: geteuid() == 0, isRoot))
  func bytes() throws {
    let spool = try TemporarySpool()
    let large = "{\(String(repeating: " ", count: 998))}"
    for number in 0..<50 { put("b\(100 + number).json", of: bob, second: number, large, in: spool) }
    for number in 0..<5 { put("a\(number).json", of: alice, second: 1_000 + number, in: spool) }
    let reader = try spool.reader(SpoolLimits(batchBytes: 4_000))
    try reader.scan(now: spool.start)
    let files = try (0..<2).flatMap { _ in try reader.claim(atMost: 500, now: spool.start).files }
    #expect(files.count { $0.sender == alice } == 5 && files.count < 15)
  }

  @Test("Who may not go on is left where he is, without a stir, and goes on in his order as soon as he may")
  func allowance() throws {
    let spool = try TemporarySpool()
    for number in 0..<20 { spool.put("{}", as: "\(10 + number).json", mtime: Timestamp(milliseconds: Int64(number))) }
    let reader = try spool.reader()
    reader.allowance = IntakeAllowance(of: [geteuid(): 7])
    try reader.scan(now: spool.start)
    let first = try reader.claim(atMost: 100, now: spool.start)
    #expect(first.files.map(\.name.description) == (0..<7).map { "\(10 + $0).json" })
    reader.allowance = IntakeAllowance(of: [geteuid(): 0])
    #expect(!reader.hasMore && !reader.wantsScan && reader.nextLook == nil && reader.waitingSenders == [geteuid()])
    #expect(reader.hasTakenListing(), "as far as it may be")
    #expect(try reader.claim(atMost: 100, now: spool.start).files.isEmpty && spool.names(in: "incoming").count == 13)
    reader.allowance = IntakeAllowance()
    #expect(try reader.takeRest(now: spool.start).names == (7..<20).map { "\(10 + $0).json" })
    #expect(reader.waitingSenders.isEmpty)
  }

  @Test("A file that the watcher has told of is found by its name, without a listing; when some were lost, by one", .timeLimit(.minutes(5)))
  func notes() async throws {
    let spool = try TemporarySpool()
    let (reader, notes) = (try spool.reader(), DropNotes())
    reader.notes = notes
    let watcher = try SpoolWatcher(root: spool.root, notes: notes)
    reader.look(now: spool.start)
    #expect(reader.wantsScan, "what came before the watch is not known")
    try reader.scan(now: spool.start)
    var rings = watcher.rings.makeAsyncIterator()
    try spool.writer.drop(Array("{}".utf8), as: "a")
    #expect(await rings.next() == .changed)
    reader.look(now: spool.start)
    #expect(!reader.wantsScan && reader.hasMore)
    #expect(try reader.takeRest(now: spool.start).names == ["a.json"])
    notes.lose()
    spool.put("{}", as: "b.json")
    reader.look(now: spool.start)
    #expect(reader.wantsScan && reader.hasMore)
    #expect(try reader.takeAll(now: spool.start).names == ["b.json"] && !reader.wantsScan)
  }

  @Test("A watch that ends late does not end the next one")
  func watches() {
    let notes = DropNotes()
    let (first, second) = (notes.beginWatch(), notes.beginWatch())
    notes.endWatch(first)
    notes.forget()
    notes.add([SpoolName("a.json")])
    #expect(notes.take() == [SpoolName("a.json")] && notes.take() == [])
    notes.endWatch(second)
    #expect(notes.take() == nil)
  }

  @Test("More notes than are kept are as good as none")
  func manyNotes() {
    let notes = DropNotes()
    _ = notes.beginWatch()
    notes.forget()
    notes.add((0...DropNotes.limit).lazy.map { SpoolName("\($0).json") })
    #expect(notes.take() == nil)
  }

  @Test("Rejected files are counted by sender, and anew when somebody else has changed the directory")
  func rejected() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    #expect(try reader.countRejected().isEmpty)
    for number in 0..<3 { spool.put("x", as: "\(number).json") }
    let taken = try reader.takeAll(now: spool.start)
    try reader.reject(taken.files.map { Refusal(claim: $0.claim, reason: "bad") }, now: spool.start)
    #expect(try reader.countRejected() == [geteuid(): 3])
    #expect(try RejectedFiles(root: spool.root).discard(.names([SpoolName("1.json")]), of: nil).changed.count == 1)
    #expect(try reader.countRejected() == [geteuid(): 2])
  }
}

@Suite("What is kept of a long directory") struct CandidatesTests {
  private func entry(_ second: Int, of sender: UInt32) -> SpoolReader.Entry {
    var status = stat()
    (status.st_mode, status.st_uid, status.st_mtim.tv_sec, status.st_nlink) = (S_IFREG, sender, second, 1)
    return SpoolReader.Entry(name: SpoolName("\(second).json"), status: FileStatus(status))
  }

  private func take(_ limit: Int, from candidates: inout Candidates, _ allowance: IntakeAllowance = IntakeAllowance()) -> [Int] {
    candidates.take(atMost: limit, bytes: .max, largest: .max, allowance: allowance).map { $0.status.modified.seconds }
  }

  @Test("is the beginning of each line, and the rest is asked for when that is used up")
  func cut() {
    var listing = Listing(capacity: 10)
    for second in (0..<1_000).reversed() { listing.add(entry(second, of: bob)) }
    for second in [7, 3] { listing.add(entry(second, of: alice)) }
    #expect(listing.count == 1_002)
    var candidates = Candidates(listing, turnAfter: nil)
    let everybody = IntakeAllowance()
    candidates.insert(entry(2_000, of: bob))
    candidates.insert(entry(9, of: alice))
    #expect(take(100, from: &candidates) == [0, 1, 2, 3, 3, 4, 7, 9], "and nothing behind the cut")
    #expect(candidates.mustBeListed(for: everybody) && !candidates.isAnyAllowed(by: everybody))
    #expect(!candidates.isListingTaken(for: everybody))
    let allButBob = IntakeAllowance(of: [bob: 0])
    #expect(!candidates.mustBeListed(for: allButBob) && candidates.isListingTaken(for: allButBob))
    candidates.insert(entry(1, of: bob))
    #expect(take(100, from: &candidates).isEmpty, "an older one may lie in the directory")
  }

  @Test("is never more than twice what is kept in the end, nor is anything of an earlier listing kept besides")
  func memory() {
    var listing = Listing(capacity: 10)
    var most = 0
    for second in 0..<1_000 {
      listing.add(entry((second * 7) % 1_000, of: second.isMultiple(of: 3) ? alice : bob))
      most = max(most, listing.found.values.reduce(0) { $0 + $1.count })
    }
    #expect(most < 20)
    var candidates = Candidates(listing, turnAfter: nil)
    #expect(take(1, from: &candidates).count == 1)
    let served = candidates.lastServed
    candidates.makeWayForListing()
    #expect(candidates.senders.isEmpty && served != nil && candidates.lastServed == served)
    #expect(candidates.isListingTaken(for: IntakeAllowance()) && take(100, from: &candidates).isEmpty)
  }

  @Test("goes round: whose turn it was last is the last of the next batch")
  func turns() {
    var candidates = Candidates()
    for sender in UInt32(1)...5 {
      for second in 0..<3 { candidates.insert(entry(Int(sender) * 10 + second, of: sender)) }
    }
    #expect(take(3, from: &candidates) == [10, 20, 30])
    #expect(take(3, from: &candidates) == [11, 40, 50])
    #expect(take(4, from: &candidates) == [21, 31, 41, 51])
    #expect(take(10, from: &candidates) == [12, 22, 32, 42, 52])
  }

  @Test("is in the order of time, in whatever order it was told of")
  func insertion() {
    var candidates = Candidates()
    for second in [5, 1, 9, 3, 7, 2] { candidates.insert(entry(second, of: bob)) }
    #expect(take(2, from: &candidates) == [1, 2])
    candidates.insert(entry(0, of: bob))
    #expect(take(10, from: &candidates) == [0, 3, 5, 7, 9])
  }
}
