import CTestSupport
import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite struct ClaimingTests {
  @Test("Files are claimed by mtime, then name, with contents, sender and the time of the drop")
  func order() throws {
    let spool = try TemporarySpool()
    spool.put(#"{"n":3}"#, as: "a.json", mtime: Timestamp(milliseconds: 3_000))
    spool.put(#"{"n":1}"#, as: "z.json", mtime: Timestamp(milliseconds: 1_000))
    spool.put(#"{"n":2}"#, as: "m.json", mtime: Timestamp(milliseconds: 1_001))
    spool.put(#"{"n":4}"#, as: "b.json", mtime: Timestamp(milliseconds: 3_000))
    let taken = try spool.reader().takeAll(now: spool.start)
    #expect(taken.names == ["z.json", "m.json", "a.json", "b.json"])
    #expect(taken.files.map(\.contents) == [1, 2, 3, 4].map { Array(#"{"n":\#($0)}"#.utf8) })
    #expect(taken.files.map(\.claim) == taken.files.map(\.claim).sorted())
    #expect(taken.files.allSatisfy { $0.sender == geteuid() })
    let wall = try #require(taken.files.first?.droppedAt)
    #expect(wall <= spool.start && wall > Timestamp(milliseconds: 1_700_000_000_000))
    #expect(spool.names(in: "incoming").isEmpty)
    #expect(spool.names(in: "claimed").count == 4)
  }

  @Test("The drop is never in the future, whatever the file system's clock says")
  func dropInTheFuture() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json", mtime: Timestamp(milliseconds: 1))
    let early = Timestamp(milliseconds: 1_000_000)
    #expect(try spool.reader().takeAll(now: early).files.map(\.droppedAt) == [early])
  }

  @Test("Thousands of files are taken in batches from a single listing")
  func batches() throws {
    let spool = try TemporarySpool()
    for number in 0..<2_000 { spool.put("{}", as: "\(number).json", mtime: Timestamp(milliseconds: Int64(number))) }
    let reader = try spool.reader()
    try reader.scan(now: spool.start)
    spool.put("{}", as: "later.json")
    let taken = try reader.takeRest(now: spool.start, atMost: 450)
    #expect(taken.names == (0..<2_000).map { "\($0).json" })
    #expect(taken.batches == 5)
    #expect(spool.names(in: "incoming") == [SpoolName("later.json")])
  }

  @Test("A batch ends when it holds enough bytes, and the rest follows in order")
  func batchBytes() throws {
    let spool = try TemporarySpool()
    for number in 0..<9 { spool.put("{\(String(repeating: " ", count: 98))}", as: "\(number).json") }
    let reader = try spool.reader(SpoolLimits(batchBytes: 250))
    let taken = try reader.takeAll(now: spool.start)
    #expect(taken.batches == 3)
    #expect(taken.names == (0..<9).map { "\($0).json" })
  }

  @Test("A finished file is gone, and its claim is said to be durably so with the next batch")
  func finishing() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put("{}", as: "a.json")
    let first = try reader.takeAll(now: spool.start)
    #expect(first.durablyFinished.isEmpty)
    let claims = first.files.map(\.claim)
    try reader.finish(claims)
    try reader.finish(claims)
    #expect(spool.names(in: "claimed").isEmpty)
    #expect(try reader.claim(atMost: 10, now: spool.start).durablyFinished.isEmpty)
    spool.put("{}", as: "b.json")
    #expect(try reader.takeAll(now: spool.start).durablyFinished == claims)
    spool.put("{}", as: "c.json")
    #expect(try reader.takeAll(now: spool.start).durablyFinished.isEmpty)
  }

  @Test("A name that is reused while the old file is claimed loses neither")
  func reusedName() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put(#"{"n":1}"#, as: "a.json")
    let old = try reader.takeAll(now: spool.start)
    spool.put(#"{"n":2}"#, as: "a.json")
    let new = try reader.takeAll(now: spool.start)
    #expect((old.files + new.files).map { String(decoding: $0.contents, as: UTF8.self) } == [#"{"n":1}"#, #"{"n":2}"#])
    #expect(spool.names(in: "claimed").count == 2)
    try reader.finish(old.files.map(\.claim))
    #expect(spool.names(in: "claimed").count == 1)
  }

  @Test(
    "Names are bytes: none is too odd to be claimed",
    arguments: [
      Array("line\nbreak\t\u{1b}[31m.json".utf8), [0xff, 0xfe, 0x80] + Array(".json".utf8), Array("💪🏽 Tag 1.json".utf8),
      Array(repeating: UInt8(ascii: "n"), count: 250) + Array(".json".utf8), Array("-rf *.json".utf8), Array(#"\x..json"#.utf8),
    ])
  func oddNames(bytes: [UInt8]) throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: SpoolName(bytes: bytes))
    let reader = try spool.reader()
    let taken = try reader.takeAll(now: spool.start)
    #expect(taken.files.map(\.name.bytes) == [bytes])
    try reader.finish(taken.files.map(\.claim))
    #expect(spool.names(in: "claimed").isEmpty)
  }

  @Test("A file that vanishes between the listing and its claim is passed over")
  func vanished() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json", mtime: Timestamp(milliseconds: 1))
    spool.put("{}", as: "b.json", mtime: Timestamp(milliseconds: 2))
    let reader = try spool.reader()
    try reader.scan(now: spool.start)
    _ = spool.path("a.json").withCString { unlink($0) }
    #expect(try reader.takeRest(now: spool.start).names == ["b.json"])
  }

  @Test("A file that another one has replaced since the listing is taken in the other's place, with the other's time of drop")
  func replaced() throws {
    let spool = try TemporarySpool()
    spool.put(#"{"n":0}"#, as: "a.json", mtime: Timestamp(milliseconds: 1))
    spool.put(#"{"n":1}"#, as: "b.json", mtime: Timestamp(milliseconds: 2))
    let reader = try spool.reader()
    try reader.scan(now: spool.start)
    spool.put(#"{"n":2}"#, as: ".a.tmp", mtime: Timestamp(milliseconds: 3))
    var renamed = stat()
    #expect(spool.path(".a.tmp").withCString { old in spool.path("a.json").withCString { rename(old, $0) } } == 0)
    #expect(spool.path("a.json").withCString { stat($0, &renamed) } == 0)
    let taken = try reader.takeRest(now: spool.start)
    #expect(taken.files.map { String(decoding: $0.contents, as: UTF8.self) } == [#"{"n":1}"#, #"{"n":2}"#])
    let changed = Timestamp(milliseconds: Int64(renamed.st_ctim.tv_sec) * 1_000 + Int64(renamed.st_ctim.tv_nsec) / 1_000_000)
    #expect(taken.files.last?.droppedAt == changed)
  }

  @Test("A file that is made another's since the listing counts as the other's", .enabled(if: geteuid() == 0, "takes root"))
  func givenAway() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    let reader = try spool.reader()
    try reader.scan(now: spool.start)
    #expect(chown(spool.incoming.appending("a.json").string, anybody, anybody) == 0)
    reader.allowance = IntakeAllowance(of: [anybody: 0])
    #expect(try reader.claim(atMost: 10, now: spool.start).files.isEmpty)
    #expect(reader.waitingSenders == [anybody] && spool.names(in: "incoming").count == 1)
    reader.allowance = IntakeAllowance()
    #expect(try reader.takeRest(now: spool.start).files.map(\.sender) == [anybody])
  }

  @Test("What a writer drops, the reader takes, and nothing else is left lying about")
  func writerAndReader() throws {
    let spool = try TemporarySpool()
    let named = try spool.writer.drop(Array("{}".utf8), as: "mine")
    let made = try spool.writer.drop(Array("[]".utf8))
    #expect(named == SpoolName("mine.json"))
    #expect(spool.names(in: "incoming") == [named, made].sorted())
    let taken = try spool.reader().takeAll(now: Timestamp(milliseconds: 1))
    #expect(Set(taken.files.map(\.name)) == [named, made], "complete files are taken at once, even if the clock is behind")
  }

  @Test("When nothing can be claimed, that is one error and no file is lost", .enabled(if: geteuid() != 0, "root may write everywhere"))
  func unwritable() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    let reader = try spool.reader()
    #expect(chmod(spool.incoming.string, 0o500) == 0)
    let error = #expect(throws: SpoolError.self) { try reader.takeAll(now: spool.start) }
    #expect(error?.description.hasPrefix("cannot claim from \(spool.incoming): Permission denied; ") == true)
    #expect(spool.names(in: "incoming") == [SpoolName("a.json")] && reader.hasMore)
    #expect(chmod(spool.incoming.string, 0o700) == 0)
    #expect(try reader.takeRest(now: spool.start).names == ["a.json"])
  }

  @Test(
    "A claimed/ that is not the daemon's any more is one error that names it, not the files', and ends with its cause",
    .enabled(if: geteuid() == 0, "takes root"))
  func claimedOfAnother() throws {
    let spool = try TemporarySpool()
    let claimed = spool.root.appending("claimed")
    for name in ["a.json", "b.json"] {
      spool.put("{}", as: name)
      #expect(chown(spool.incoming.appending(name).string, anybody, anybody) == 0)
    }
    let reader = try spool.reader()
    for directory in [spool.root, spool.incoming] { #expect(chown(directory.string, anybody, anybody) == 0) }
    let complaint = "\(claimed) cannot be written to by the daemon: Permission denied; chown it to user 0 and chmod it 0700"
    withoutPrivileges {
      for _ in 1...2 {
        let error = #expect(throws: SpoolError.self) { try reader.takeAll(now: spool.start) }
        #expect(error?.description == complaint)
      }
      let error = #expect(throws: SpoolError.self) { try reader.recover(now: spool.start) }
      #expect(error?.description == complaint)
    }
    #expect(spool.names(in: "incoming").count == 2)
    #expect(chown(claimed.string, anybody, anybody) == 0)
    let taken = try withoutPrivileges { try reader.takeAll(now: spool.start) }
    #expect(taken.names == ["a.json", "b.json"] && taken.ignored.isEmpty)
  }

  @Test("Another's file in a sticky incoming/ is left alone, and it is the file that is named", .enabled(if: geteuid() == 0, "takes root"))
  func stickyFile() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    let reader = try spool.reader()
    for directory in [spool.root, spool.root.appending("claimed")] { #expect(chown(directory.string, anybody, anybody) == 0) }
    #expect(chmod(spool.incoming.string, 0o1777) == 0)
    let taken = try withoutPrivileges { try reader.takeAll(now: spool.start) }
    #expect(taken.ignored.map(\.reason) == ["cannot be moved: Operation not permitted; remove it, or let the daemon own incoming/"])
  }

  private let anybody: uid_t = 61_001

  /// Does what `body` does as anybody would who owns nothing, as far as files are concerned: setfsuid(2) is about this thread alone.
  private func withoutPrivileges<Result>(_ body: () throws -> Result) rethrows -> Result {
    ctestsupport_use_files_as(anybody)
    defer { ctestsupport_use_files_as(0) }
    return try body()
  }

  @Test("Files that come one after the other while the directory is being listed keep their order")
  func orderUnderFire() async throws {
    let spool = try TemporarySpool()
    // Long names, so that one listing takes many system calls.
    for number in 0..<400 { spool.put("", as: ".\(number)" + String(repeating: "x", count: 240), mtime: nil) }
    let count = 400
    async let dropped: Void = drop(count, into: spool.incoming)
    let reader = try spool.reader()
    var names: [String] = []
    // More looks than a writer that does its work can need.
    for _ in 0..<100_000 where names.count < count { names += try reader.takeAll(now: spool.start).names }
    await dropped
    #expect(names == (0..<count).map { "\(1_000 + $0).json" })
  }

  @concurrent private func drop(_ count: Int, into incoming: FilePath) async {
    for number in 0..<count {
      let hidden = incoming.appending(".drop").string
      let file = open(hidden, O_WRONLY | O_CREAT | O_EXCL, 0o640)
      #expect("{}".withCString { write(file, $0, 2) } == 2)
      close(file)
      #expect(rename(hidden, incoming.appending("\(1_000 + number).json").string) == 0)
    }
  }
}
