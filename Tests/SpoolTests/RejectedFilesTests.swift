import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite struct RejectedFilesTests {
  private let me = geteuid()

  /// A spool in which files of these names were rejected, each for its own reason.
  private func spool(rejecting names: [SpoolName]) throws -> TemporarySpool {
    let spool = try TemporarySpool()
    for name in names { spool.put("{]", as: name) }
    let reader = try spool.reader()
    let files = try reader.takeAll(now: spool.start).files
    try reader.reject(files.map { Refusal(claim: $0.claim, reason: "\($0.name) is bad") }, now: spool.start)
    return spool
  }

  private static let odd: [SpoolName] = [
    SpoolName("a.json"), SpoolName("a\n\u{1b}[2J.json"), SpoolName(bytes: [0xff, 0xc3] + Array(".json".utf8)), SpoolName(#"a\x41\.json"#),
    SpoolName(String(repeating: "ü", count: 125) + ".json"),
  ]

  @Test("Every rejected file is listed with its owner, size and reason, whatever bytes its name has")
  func list() throws {
    let spool = try spool(rejecting: Self.odd)
    let entries = try RejectedFiles(root: spool.root).list(of: me)
    #expect(entries.count == Self.odd.count)
    #expect(entries.allSatisfy { $0.sender == me && $0.size == 2 && $0.reason?.hasSuffix("is bad") == true })
    #expect(entries.compactMap { SpoolName(escaped: $0.name.description) } == entries.map(\.name))
    #expect(try RejectedFiles(root: spool.root).allNames().count == Self.odd.count)
    let latest = try RejectedFiles(root: spool.root).list(of: me, atMost: 2)
    #expect(latest == Array(entries.suffix(2)))
  }

  @Test("What belongs to somebody else is not there, and nothing is done to it")
  func owner() throws {
    let spool = try spool(rejecting: Self.odd)
    let files = RejectedFiles(root: spool.root)
    let (stranger, name) = (me + 1, SpoolName("a.json"))
    #expect(try files.list(of: stranger).isEmpty)
    #expect(try files.contents(of: name, of: stranger, atMost: 100) == nil)
    #expect(try files.requeue(.names([name]), of: stranger) == RejectedChange(missing: [name]))
    #expect(try files.discard(.names([name]), of: stranger) == RejectedChange(missing: [name]))
    #expect(try files.discard(.all, of: stranger) == RejectedChange())
    #expect(try files.list(of: nil).count == Self.odd.count)
  }

  @Test("What is requeued is found by the next scan with its owner, its contents and its name, and its reason is gone")
  func requeue() throws {
    let spool = try spool(rejecting: Self.odd)
    let files = RejectedFiles(root: spool.root)
    let change = try files.requeue(.all, of: me)
    #expect(change.changed.count == Self.odd.count && change.missing.isEmpty && change.refused.isEmpty)
    #expect(spool.names(in: "rejected").isEmpty)
    let again = try spool.reader().takeAll(now: spool.start).files
    // The long one was cut when it was rejected.
    #expect(Set(again.map(\.name)).isSuperset(of: Self.odd.dropLast()) && again.allSatisfy { $0.name.isActionFile })
    #expect(again.allSatisfy { $0.contents == Array("{]".utf8) && $0.sender == me })
  }

  @Test("A name that is taken in incoming/ is left to the file that has it, and the requeued one gets another that is found, too")
  func requeueBesideItsLike() throws {
    let long = SpoolName(String(repeating: "n", count: 250) + ".json")
    let spool = try spool(rejecting: [SpoolName("a.json"), long])
    for name in [SpoolName("a.json"), long] { spool.put("{}", as: name) }
    let change = try RejectedFiles(root: spool.root).requeue(.all, of: me)
    #expect(change.changed.count == 2)
    #expect(spool.text(of: long, in: "incoming") == "{}" && spool.text(of: SpoolName("a.json"), in: "incoming") == "{}")
    let names = spool.names(in: "incoming")
    #expect(names.count == 4 && names.allSatisfy { $0.isActionFile && $0.bytes.count <= 255 })
  }

  @Test("A file that is rejected and requeued many times neither grows its name nor loses its reason")
  func roundTrips() throws {
    let spool = try TemporarySpool()
    let (reader, files) = (try spool.reader(), RejectedFiles(root: spool.root))
    func rejectAll() throws {
      for file in try reader.takeAll(now: spool.start).files {
        try reader.reject([Refusal(claim: file.claim, reason: "bad")], now: spool.start)
      }
    }
    for _ in 1...3 {
      spool.put("{]", as: "a.json")
      try rejectAll()
    }
    for _ in 1...3 {
      #expect(try files.requeue(.all, of: me).changed.count == 3)
      try rejectAll()
      #expect(try files.list(of: me).map(\.reason) == ["bad", "bad", "bad"])
    }
    _ = try files.requeue(.all, of: me)
    let names = spool.names(in: "incoming")
    #expect(names.count == 3 && names.allSatisfy { $0.bytes.count < 40 })
    #expect(spool.names(in: "rejected").isEmpty)
  }

  @Test("What is discarded is gone with its reason, and the rest stays")
  func discard() throws {
    let spool = try spool(rejecting: Self.odd)
    let files = RejectedFiles(root: spool.root)
    let gone = SpoolName("never.json")
    #expect(try files.discard(.names([Self.odd[1], gone]), of: me) == RejectedChange(changed: [Self.odd[1]], missing: [gone]))
    #expect(try files.list(of: me).count == Self.odd.count - 1)
    #expect(spool.names(in: "rejected").count == 2 * (Self.odd.count - 1))
  }

  @Test("A link, a pipe and a directory are listed, never opened, never requeued; all but the directory can be discarded")
  func oddKinds() throws {
    let spool = try TemporarySpool()
    spool.put("secret", as: SpoolName("elsewhere"), in: "claimed")
    let (link, pipe, directory) = (SpoolName("link.json"), SpoolName("pipe.json"), SpoolName("directory.json"))
    #expect(spool.path(link, in: "rejected").withCString { symlink("../claimed/elsewhere", $0) } == 0)
    #expect(spool.path(pipe, in: "rejected").withCString { mkfifo($0, 0o600) } == 0)
    #expect(spool.path(directory, in: "rejected").withCString { mkdir($0, 0o700) } == 0)
    let files = RejectedFiles(root: spool.root)
    #expect(try files.list(of: me).count == 3)
    for name in [link, pipe, directory] {
      #expect(throws: RejectedFileError.self) { try files.contents(of: name, of: me, atMost: 100) }
    }
    let requeued = try files.requeue(.all, of: me)
    #expect(requeued.changed.isEmpty && requeued.refused.map(\.name) == [directory, link, pipe])
    let discarded = try files.discard(.all, of: me)
    #expect(discarded.changed == [link, pipe] && discarded.refused.map(\.name) == [directory])
    #expect(spool.text(of: SpoolName("elsewhere"), in: "claimed") == "secret")
  }

  @Test("Contents are cut at the limit, and say how long the file is")
  func contents() throws {
    let spool = try spool(rejecting: [SpoolName("a.json")])
    let files = RejectedFiles(root: spool.root)
    let cut = try files.contents(of: SpoolName("a.json"), of: me, atMost: 1)
    #expect(cut == RejectedContents(bytes: [UInt8(ascii: "{")], size: 2) && cut?.isWhole == false)
    let whole = try files.contents(of: SpoolName("a.json"), of: me, atMost: 100)
    #expect(whole?.bytes == Array("{]".utf8) && whole?.isWhole == true)
  }

  @Test(
    "A name leads nowhere but to a rejected file",
    arguments: ["../claimed/x", "..", ".", "", "a.json.reason", "a/b", "a\0.json"])
  func names(name: String) throws {
    let spool = try spool(rejecting: [SpoolName("a.json")])
    spool.put("x", as: SpoolName("x"), in: "claimed")
    let files = RejectedFiles(root: spool.root)
    #expect(try files.contents(of: SpoolName(name), of: nil, atMost: 100) == nil)
    #expect(try files.discard(.names([SpoolName(name)]), of: nil) == RejectedChange(missing: [SpoolName(name)]))
    #expect(spool.names(in: "rejected").count == 2 && spool.names(in: "claimed").count == 1)
  }

  @Test("A reason whose file is still to come is neither listed nor removed")
  func reasonAlone() throws {
    let spool = try TemporarySpool()
    spool.put("about to be rejected", as: SpoolName("a.json.reason"), in: "rejected")
    let files = RejectedFiles(root: spool.root)
    #expect(try files.list(of: nil).isEmpty && files.allNames().isEmpty)
    #expect(try files.discard(.all, of: nil) == RejectedChange())
    #expect(spool.names(in: "rejected").count == 1)
  }

  @Test("Rejecting and requeuing at the same time loses no file and separates none from its reason")
  func race() async throws {
    let spool = try TemporarySpool()
    let (root, start) = (spool.root, spool.start)
    for number in 0..<4 { spool.put("{]", as: "\(number).json") }
    let rounds = 40
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let reader = try SpoolReader(root: root)
        for _ in 0..<rounds {
          try reader.scan(now: start)
          for file in try reader.claim(atMost: 10, now: start).files {
            try reader.reject([Refusal(claim: file.claim, reason: "bad")], now: start)
          }
          await Task.yield()
        }
      }
      let files = RejectedFiles(root: root)
      for _ in 0..<2 {
        group.addTask {
          for _ in 0..<rounds {
            _ = try files.requeue(.all, of: nil)
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
    let (rejected, incoming) = (spool.names(in: "rejected"), spool.names(in: "incoming"))
    let kept = try RejectedFiles(root: root).list(of: nil)
    #expect(kept.count + incoming.count == 4 && kept.allSatisfy { $0.reason == "bad" })
    #expect(rejected.count == 2 * kept.count)
  }
}
