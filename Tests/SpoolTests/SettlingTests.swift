import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite struct SettlingTests {
  let half = #"{"action":"complete","program_id":"#
  let rest = #""p1"}"#

  @Test("An in-place writer that finishes within the settle time is read whole, as soon as it has finished")
  func twoHalves() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let now = spool.start
    spool.put(half, as: "a.json", mtime: now)
    #expect(try reader.takeAll(now: now).files.isEmpty)
    #expect(reader.nextLook == now + .milliseconds(500))
    spool.append(rest, to: "a.json", mtime: now + .milliseconds(300))
    let taken = try reader.takeAll(now: now + .milliseconds(301))
    #expect(taken.files.map(\.contents) == [Array((half + rest).utf8)])
    #expect(reader.nextLook == nil)
  }

  @Test("The next look comes without a listing, and takes what was completed without a ring")
  func lookWithoutScan() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put(half, as: "a.json", mtime: spool.start)
    _ = try reader.takeAll(now: spool.start)
    spool.append(rest, to: "a.json", mtime: spool.start + .milliseconds(400))
    let look = try #require(reader.nextLook)
    #expect(try reader.takeRest(now: look).files.map(\.contents) == [Array((half + rest).utf8)])
  }

  @Test(
    "One that goes on slowly is waited for, and one that never finishes is handed over as it is after the settle time",
    arguments: ["", "{", "nonsense"])
  func neverFinished(text: String) throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    var now = spool.start
    spool.put(text, as: "a.json", mtime: now)
    #expect(try reader.takeAll(now: now).files.isEmpty)
    for _ in 0..<3 {
      now = now + .milliseconds(400)
      spool.append(" ", to: "a.json", mtime: now)
      #expect(try reader.takeAll(now: now).files.isEmpty)
    }
    #expect(try reader.takeAll(now: now + .milliseconds(499)).files.isEmpty)
    #expect(try reader.takeRest(now: now + .milliseconds(500)).files.map(\.contents) == [Array((text + "   ").utf8)])
  }

  @Test(
    "A clock that is ahead or behind strands no file", arguments: [Duration.seconds(-86_400), .seconds(86_400), .seconds(3_000_000_000)])
  func clocks(offset: Duration) throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let now = spool.start
    spool.put("{}", as: "whole.json", mtime: now + offset)
    spool.put("{", as: "half.json", mtime: now + offset)
    let taken = try reader.takeAll(now: now).names + reader.takeRest(now: now + .milliseconds(500)).names
    #expect(Set(taken) == ["whole.json", "half.json"])
  }

  @Test("A clock that is set back while a file rests costs one more settle time at most")
  func clockSetBack() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put("{", as: "a.json", mtime: spool.start)
    _ = try reader.takeAll(now: spool.start)
    let earlier = spool.start - .seconds(3600)
    #expect(try reader.takeAll(now: earlier).files.isEmpty)
    #expect(reader.nextLook == earlier + .milliseconds(500))
    #expect(try reader.takeRest(now: earlier + .milliseconds(500)).names == ["a.json"])
  }

  @Test("A file that disappears while it rests is forgotten")
  func goneWhileResting() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put("{", as: "a.json", mtime: spool.start)
    _ = try reader.takeAll(now: spool.start)
    _ = spool.path("a.json").withCString { unlink($0) }
    try reader.scan(now: spool.start)
    #expect(reader.nextLook == nil)
  }

  @Test("A file that is rewritten between the listing and its claim settles before it is claimed")
  func rewrittenAfterListing() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put("{}", as: "a.json", mtime: Timestamp(milliseconds: 5))
    try reader.scan(now: spool.start)
    spool.put(half, as: "a.json", mtime: spool.start)
    let held = spool.path("a.json").withCString { open($0, O_WRONLY | O_APPEND) }
    defer { close(held) }
    #expect(try reader.takeRest(now: spool.start).files.isEmpty)
    #expect(reader.nextLook == spool.start + .milliseconds(500))
    #expect(spool.names(in: "claimed").isEmpty)
    #expect(Array(rest.utf8).withUnsafeBytes { write(held, $0.baseAddress, $0.count) } == rest.utf8.count)
    #expect(try reader.takeRest(now: spool.start + .milliseconds(500)).files.map(\.contents) == [Array((half + rest).utf8)])
  }

  @Test("A file whose writer goes on after its claim settles in claimed/ before it is handed over")
  func writtenAfterClaim() throws {
    let spool = try TemporarySpool()
    spool.put(half, as: SpoolName("a.json"), in: "claimed")
    let reader = try spool.reader()
    _ = try reader.recover(now: spool.start)
    #expect(try reader.takeRest(now: spool.start).files.isEmpty)
    #expect(reader.nextLook == spool.start + .milliseconds(500))
    let held = spool.path(try #require(spool.names(in: "claimed").first), in: "claimed").withCString { open($0, O_WRONLY | O_APPEND) }
    defer { close(held) }
    #expect(Array(rest.utf8).withUnsafeBytes { write(held, $0.baseAddress, $0.count) } == rest.utf8.count)
    #expect(try reader.takeRest(now: spool.start + .milliseconds(500)).files.map(\.contents) == [Array((half + rest).utf8)])
  }
}
