import Glibc
import ProgressModel
import Spool
import SystemPackage
import TestSupport
import Testing

/// A crash is a reader that is not used any more and a new one on the same directories.
@Suite struct RecoveryTests {
  @Test("After a crash between claim and acceptance, the files come again with the same claims, before anything new")
  func claimedOnly() throws {
    let spool = try TemporarySpool()
    spool.put(#"{"n":1}"#, as: "a.json", mtime: Timestamp(milliseconds: 1))
    spool.put(#"{"n":2}"#, as: "b.json", mtime: Timestamp(milliseconds: 2))
    let before = try spool.reader().takeAll(now: spool.start).files
    spool.put(#"{"n":3}"#, as: "a.json", mtime: Timestamp(milliseconds: 0))

    let reader = try spool.reader()
    let claims = try reader.recover(now: spool.start)
    #expect(claims == before.map(\.claim) && reader.hasMore)
    let taken = try reader.takeAll(now: spool.start)
    #expect(taken.files.prefix(2).map(\.claim) == claims && taken.names == ["a.json", "b.json", "a.json"])
    #expect(taken.files.map(\.contents) == (1...3).map { Array(#"{"n":\#($0)}"#.utf8) })
  }

  @Test("A file keeps the time of its drop through a crash, though the claim has changed its ctime")
  func dropTime() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    let before = try spool.reader().takeAll(now: spool.start).files
    let reader = try spool.reader()
    _ = try reader.recover(now: spool.start + .seconds(3600))
    #expect(try reader.takeRest(now: spool.start + .seconds(3600)).files.map(\.droppedAt) == before.map(\.droppedAt))
  }

  @Test("Two readers never have the lock of one spool, and it is free when the first is gone")
  func lock() async throws {
    let spool = try TemporarySpool()
    var first: SpoolReader? = try spool.reader()
    try first?.lock()
    let second = try spool.reader()
    #expect(throws: SpoolError.self) { try second.lock() }
    // A program that another test is starting has copies of all that is open, for a moment, and with them the lock.
    try await eventually("it is free for the same reader") { (try? first?.reopen()) != nil }
    #expect(throws: SpoolError.self) { try second.lock() }
    first = nil
    try await eventually("it is free") { (try? second.lock()) != nil }
  }

  @Test("Those that were accepted before the crash are finished unread")
  func acceptedBefore() throws {
    let spool = try TemporarySpool()
    for name in ["a", "b", "c"] { spool.put("{}", as: "\(name).json") }
    _ = try spool.reader().takeAll(now: spool.start)
    let reader = try spool.reader()
    let claims = try reader.recover(now: spool.start)
    try reader.finish([claims[0], claims[2]])
    let rest = try reader.takeRest(now: spool.start)
    #expect(rest.names == ["b.json"] && rest.files.map(\.claim) == [claims[1]])
    #expect(Set(rest.durablyFinished) == [claims[0], claims[2]])
    #expect(spool.names(in: "claimed").count == 1 && !reader.hasMore)
  }

  @Test("After a crash in a rejection the file is found, and is refused again under another name")
  func halfRejected() throws {
    let spool = try TemporarySpool()
    spool.put("{]", as: "a.json")
    _ = try spool.reader().takeAll(now: spool.start)
    spool.put("half a rea", as: SpoolName("a.json.reason"), in: "rejected")
    let reader = try spool.reader()
    let claims = try reader.recover(now: spool.start)
    #expect(try reader.takeRest(now: spool.start).files.map(\.claim) == claims)
    try reader.reject([Refusal(claim: claims[0], reason: "bad")], now: spool.start)
    #expect(spool.reason(of: SpoolName("\(claims[0])-a.json"))?.hasPrefix("bad\n") == true)
  }

  @Test("A claim that was left by a crash goes through the same checks as any other")
  func rubbishInClaimed() throws {
    let spool = try TemporarySpool()
    #expect(symlink("/etc/hostname", String(decoding: spool.path("x.json").bytes, as: UTF8.self)) == 0)
    let stored = SpoolName("0198c0ffee00000012345678.0198c0ffee00.x.json")
    #expect(spool.path("x.json").withCString { old in spool.path(stored, in: "claimed").withCString { rename(old, $0) } } == 0)
    let reader = try spool.reader()
    #expect(try reader.recover(now: spool.start).map(\.text) == ["0198c0ffee00000012345678"])
    let taken = try reader.takeRest(now: spool.start)
    #expect(taken.rejected.map(\.name) == [SpoolName("x.json")] && taken.files.isEmpty)
  }

  @Test("What a person put into claimed/ is taken too, and a long name is cut, not lost")
  func strangersInClaimed() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: SpoolName("stray.json"), in: "claimed")
    spool.put("[]", as: SpoolName(String(repeating: "n", count: 255)), in: "claimed")
    let reader = try spool.reader()
    let claims = try reader.recover(now: spool.start)
    let taken = try reader.takeRest(now: spool.start)
    #expect(taken.files.map(\.claim) == claims)
    #expect(taken.files.map { String(decoding: $0.contents, as: UTF8.self) } == ["[]", "{}"])
    #expect(taken.files.map { $0.name.bytes.count } == [255, 10])
    #expect(taken.files.allSatisfy { $0.droppedAt <= spool.start })
    let afterCrash = try spool.reader()
    #expect(try afterCrash.recover(now: spool.start) == claims)
    #expect(try afterCrash.takeRest(now: spool.start).files.map { $0.name.bytes.count } == [217, 10])
  }

  @Test("New claims are greater than those that a crash left, whatever the clock says now")
  func clockBehindClaims() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    let old = try #require(spool.reader().takeAll(now: spool.start).files.first)
    spool.put("{}", as: "b.json")
    let reader = try spool.reader()
    let past = spool.start - .seconds(86_400)
    _ = try reader.recover(now: past)
    let new = try reader.takeAll(now: past).files
    #expect(new.map(\.name.description) == ["a.json", "b.json"])
    #expect(new.first?.claim == old.claim && new.last.map { $0.claim > old.claim } == true)
  }

  @Test("A directory that was removed or replaced is noticed, and reopened where it is now")
  func replacedDirectory() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    #expect(!reader.isStale)
    #expect(spool.incoming.withPlatformString { rmdir($0) } == 0)
    #expect(reader.isStale)
    #expect(spool.incoming.withPlatformString { mkdir($0, 0o700) } == 0)
    #expect(reader.isStale)
    spool.put("{}", as: "a.json")
    #expect(try reader.takeAll(now: spool.start).files.isEmpty)
    try reader.reopen()
    #expect(!reader.isStale)
    #expect(try reader.takeAll(now: spool.start).names == ["a.json"])
  }
}
