import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite("A census of the spool")
struct SpoolCensusTests {
  @Test("counts dropped files, claims, and rejected files without their reasons")
  func parts() throws {
    let spool = try TemporarySpool()
    for name in ["a.json", "b.json", ".c.json", ".d.tmp", "e.txt"] { spool.put("{}", as: name) }
    spool.put("{}", as: SpoolName("f.json"), in: "claimed")
    for name in ["g.json", "g.json.reason", "h.json", "h.json.reason", "i.json.reason"] {
      spool.put("{}", as: SpoolName(name), in: "rejected")
    }
    let census = SpoolCensus(root: spool.root)
    #expect((census.incoming, census.claimed, census.rejected) == (2, 1, 2))
    #expect(census.oldestClaimAt == nil, "what a person put there tells no time")
  }

  @Test("tells since when the oldest claim stands")
  func oldestClaim() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    for seconds in 0...2 {
      spool.put("{}", as: "a.json")
      #expect(try reader.takeAll(now: spool.start + .seconds(seconds)).files.count == 1)
    }
    let census = SpoolCensus(root: spool.root)
    #expect(census.claimed == 3 && census.oldestClaimAt == spool.start)
  }

  @Test("tells what cannot be read from what is empty")
  func unreadable() throws {
    let spool = try TemporarySpool()
    #expect(SpoolCensus(root: spool.root).rejected == 0)
    #expect(SpoolCensus(root: spool.root.appending("elsewhere")).rejected == nil)
  }
}
