import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite struct RejectionTests {
  @Test("A rejected file lies beside a text that says why, what it was called, when it came, how large and whose it is")
  func reasonFile() throws {
    let spool = try TemporarySpool()
    spool.put("{]", as: "a\nb.json")
    let reader = try spool.reader()
    let file = try #require(reader.takeAll(now: spool.start).files.first)
    let rejected = try reader.reject([Refusal(claim: file.claim, reason: "not valid JSON:\nline 2")], now: spool.start)
    #expect(rejected.map(\.storedAs) == [SpoolName("a\nb.json")])
    #expect(spool.text(of: SpoolName("a\nb.json"), in: "rejected") == "{]")
    #expect(
      spool.reason(of: SpoolName("a\nb.json")) == """
        not valid JSON:\\x0aline 2

        name: a\\x0ab.json
        time: 2030-03-17T17:46:40Z
        size: 2 bytes
        sender: uid \(geteuid())
        claim: \(file.claim)

        """)
    #expect(spool.names(in: "claimed").isEmpty)
  }

  @Test("A name that is taken in rejected/ is never overwritten, and none is too long for its reason")
  func collisions() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let long = SpoolName(String(repeating: "n", count: 250) + ".json")
    var stored: [SpoolName] = []
    for round in 1...3 {
      spool.put("{\"round\":\(round)}", as: "a.json")
      spool.put("{\"round\":\(round)}", as: long)
      for file in try reader.takeAll(now: spool.start).files {
        stored += try reader.reject([Refusal(claim: file.claim, reason: "round \(round)")], now: spool.start).map(\.storedAs)
      }
    }
    #expect(Set(stored).count == 6 && stored.contains(SpoolName("a.json")) && !stored.contains(long))
    #expect(stored.allSatisfy { $0.reasonName.bytes.count <= 255 })
    for (name, round) in zip(stored, [1, 1, 2, 2, 3, 3]) {
      #expect(spool.text(of: name, in: "rejected") == "{\"round\":\(round)}")
      #expect(spool.reason(of: name)?.hasPrefix("round \(round)\n") == true)
    }
    #expect(spool.names(in: "rejected").count == 12)
  }

  @Test("A reason that an earlier crash left alone is kept, and the file takes another name")
  func orphanedReason() throws {
    let spool = try TemporarySpool()
    spool.put("left by a crash", as: SpoolName("a.json.reason"), in: "rejected")
    spool.put("{]", as: "a.json")
    let reader = try spool.reader()
    let file = try #require(reader.takeAll(now: spool.start).files.first)
    let rejected = try reader.reject([Refusal(claim: file.claim, reason: "bad")], now: spool.start)
    #expect(rejected.map(\.storedAs) == [SpoolName("\(file.claim)-a.json")])
    #expect(spool.text(of: SpoolName("a.json.reason"), in: "rejected") == "left by a crash")
  }

  @Test("Many refusals at once each get their reason")
  func many() throws {
    let spool = try TemporarySpool()
    for number in 0..<200 { spool.put("", as: "\(number).json") }
    let reader = try spool.reader()
    let files = try reader.takeAll(now: spool.start).files
    let rejected = try reader.reject(files.map { Refusal(claim: $0.claim, reason: "empty") }, now: spool.start)
    #expect(rejected.count == 200)
    #expect(spool.names(in: "rejected").count == 400)
  }

  @Test("While nothing can be written to rejected/, the files stay claimed, and are handed over again")
  func rejectedIsInTheWay() throws {
    let spool = try TemporarySpool()
    spool.put("{]", as: "a.json")
    let reader = try spool.reader()
    let file = try #require(reader.takeAll(now: spool.start).files.first)
    // Nothing can be made in a directory that was removed.
    #expect(spool.root.appending("rejected").withPlatformString { rmdir($0) } == 0)
    let refusal = Refusal(claim: file.claim, reason: "bad")
    #expect(throws: SpoolError.self) { try reader.reject([refusal], now: spool.start) }
    #expect(spool.names(in: "claimed").count == 1)
    let look = try #require(reader.nextLook)
    #expect(try reader.takeRest(now: look).files == [file])
    #expect(reader.isStale)
    try reader.reopen()
    #expect(try reader.recover(now: look) == [file.claim])
    _ = try reader.claim(atMost: 1, now: look)
    #expect(try reader.reject([refusal], now: look).count == 1)
  }
}
