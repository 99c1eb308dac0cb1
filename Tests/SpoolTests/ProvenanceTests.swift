import Glibc
import ProgressModel
import SystemPackage
import Testing

@testable import Spool

@Suite("Who dropped a file") struct ProvenanceTests {
  private let me = geteuid()
  private let handedOver = SpoolName("~4711~a.json")

  @Test(
    "A name says for whom the daemon put a file there in one spelling only",
    arguments: [
      ("~4711~a.json", 4711, "a.json"), ("~0~a.json", 0, "a.json"), ("~4294967294~a", 4_294_967_294, "a"), ("~5~~6~a.json", 5, "~6~a.json"),
    ])
  func names(stored: String, sender: UInt32, name: String) throws {
    let found = try #require(Provenance(entrusted: SpoolName(stored)))
    #expect(found == Provenance(sender: sender, name: SpoolName(name)) && found.entrusted == SpoolName(stored))
  }

  @Test(
    "Any other name is just a name",
    arguments: [
      "a.json", "~a.json", "~5a.json", "5~a.json", "x~5~a.json", "~05~a.json", "~+5~a.json", "~-5~a.json", "~ 5~a.json", "~~a.json", "~5~",
      "~5~.json", "~4294967295~a.json", "~4294967296~a.json", "~5~.a.json",
    ])
  func otherNames(stored: String) { #expect(Provenance(entrusted: SpoolName(stored)) == nil) }

  @Test("A file of the daemon is its sender's, under the name that the sender gave it")
  func claiming() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: handedOver)
    let file = try #require(try spool.reader().takeAll(now: spool.start).files.first)
    #expect(file.sender == 4711 && file.name == SpoolName("a.json"))
  }

  @Test("A crash after the claim leaves it its sender and its name, however long that is")
  func recovery() throws {
    let spool = try TemporarySpool()
    let long = SpoolName("~4711~" + String(repeating: "n", count: 244) + ".json")
    for name in [handedOver, long] { spool.put("{}", as: name) }
    _ = try spool.reader().takeAll(now: spool.start)
    let reader = try spool.reader()
    #expect(try reader.recover(now: spool.start).count == 2)
    let files = try reader.takeRest(now: spool.start).files
    #expect(files.count == 2 && files.allSatisfy { $0.sender == 4711 && !$0.name.bytes.starts(with: Array("~".utf8)) })
    #expect(files.contains { $0.name == SpoolName("a.json") })
  }

  @Test("Somebody else's file of such a name is their own, under that name", .enabled(if: geteuid() == 0, "takes root to own as another"))
  func strangers() throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: handedOver)
    #expect(spool.path(handedOver).withCString { chown($0, 61_001, 61_001) } == 0)
    let file = try #require(try spool.reader().takeAll(now: spool.start).files.first)
    #expect(file.sender == 61_001 && file.name == handedOver)
  }

  @Test("A second name of one of the daemon's files speaks for nobody")
  func hardLink() throws {
    let spool = try TemporarySpool()
    spool.put("secret", as: "elsewhere")
    #expect(spool.path("elsewhere").withCString { old in spool.path(handedOver).withCString { link(old, $0) } } == 0)
    let reader = try spool.reader()
    _ = try reader.takeAll(now: spool.start)
    let rejected = try #require(try reader.takeAll(now: spool.start + .seconds(3)).rejected.first)
    #expect(rejected.sender == me && rejected.storedAs == handedOver)
    let files = RejectedFiles(root: spool.root)
    #expect(try files.list(of: 4711).isEmpty && files.contents(of: handedOver, of: 4711, atMost: 100) == nil)
    // Given back with its other name gone, it speaks for its owner still.
    #expect(spool.path("elsewhere").withCString { unlink($0) } == 0)
    #expect(try files.requeue(.all, of: nil).changed == [handedOver])
    let again = try #require(try spool.reader().takeAll(now: spool.start).files.first)
    #expect(again.sender == me && again.name == handedOver)
  }

  @Test("What is refused is the sender's to see, to give back and to discard, and nobody else's")
  func rejection() throws {
    let spool = try TemporarySpool()
    for name in ["~4711~a.json", "~4712~a.json", "~4711~b.json"] { spool.put("{]", as: name) }
    let reader = try spool.reader()
    let claimed = try reader.takeAll(now: spool.start).files
    let rejected = try reader.reject(claimed.map { Refusal(claim: $0.claim, reason: "bad") }, now: spool.start)
    #expect(
      rejected.map(\.sender).sorted() == [4711, 4711, 4712] && Set(rejected.map(\.name)) == [SpoolName("a.json"), SpoolName("b.json")])
    let files = RejectedFiles(root: spool.root)
    #expect(try files.list(of: 4711).map(\.sender) == [4711, 4711] && files.list(of: 4712).map(\.sender) == [4712])
    #expect(try files.list(of: me).isEmpty && files.list(of: nil).map(\.sender).sorted() == [4711, 4711, 4712])
    let (mine, theirs) = (try #require(try files.list(of: 4711).first).name, try #require(try files.list(of: 4712).first).name)
    #expect(try files.contents(of: theirs, of: 4711, atMost: 10) == nil)
    #expect(try files.contents(of: theirs, of: 4712, atMost: 10)?.bytes == Array("{]".utf8))
    #expect(try files.discard(.names([mine]), of: 4712) == RejectedChange(missing: [mine]))
    #expect(try files.requeue(.all, of: 4712).changed == [theirs] && spool.names(in: "incoming") == [SpoolName("~4712~a.json")])
    #expect(try files.requeue(.all, of: nil).changed.count == 2)
    let again = try spool.reader().takeAll(now: spool.start).files
    #expect(again.map(\.sender).sorted() == [4711, 4711, 4712])
    #expect(Set(again.map(\.name)) == [SpoolName("a.json"), SpoolName("b.json")])
  }

  @Test("Files of one moment go by the names that people gave them, whichever way they came")
  func order() throws {
    let spool = try TemporarySpool()
    for name in ["~9~a.json", "b.json", "~4~c.json", "d.json"] { spool.put("{}", as: name) }
    #expect(try spool.reader().takeAll(now: spool.start).names == ["a.json", "b.json", "c.json", "d.json"])
  }
}
