import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(5))) struct SpoolWatcherTests {
  /// Every way in which a file can arrive.
  enum Arrival: CaseIterable {
    case written, renamed, linked, dropped, nameless

    func perform(in spool: borrowing TemporarySpool) throws {
      switch self {
      case .written: spool.put("{}", as: "a.json", mtime: nil)
      case .renamed:
        spool.put("{}", as: SpoolName("outside"), in: "rejected")
        #expect(spool.path("outside", in: "rejected").withCString { old in spool.path("a.json").withCString { rename(old, $0) } } == 0)
      case .linked:
        spool.put("{}", as: SpoolName("outside"), in: "rejected")
        #expect(spool.path("outside", in: "rejected").withCString { old in spool.path("a.json").withCString { link(old, $0) } } == 0)
      case .dropped: try spool.writer.drop(Array("{}".utf8))
      case .nameless:
        let file = spool.incoming.withPlatformString { open($0, O_WRONLY | 0o20_200_000, 0o640) }
        defer { close(file) }
        #expect(spool.path("a.json").withCString { linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, $0, AT_SYMLINK_FOLLOW) } == 0)
      }
    }
  }

  @Test("Whichever way a file arrives, the watcher rings", arguments: Arrival.allCases)
  func arrival(way: Arrival) async throws {
    let spool = try TemporarySpool()
    let watcher = try SpoolWatcher(root: spool.root)
    try way.perform(in: spool)
    var rings = watcher.rings.makeAsyncIterator()
    #expect(await rings.next() == .changed)
  }

  @Test("An in-place writer that closes its file rings again")
  func closing() async throws {
    let spool = try TemporarySpool()
    let watcher = try SpoolWatcher(root: spool.root)
    var rings = watcher.rings.makeAsyncIterator()
    let file = spool.path("a.json").withCString { open($0, O_WRONLY | O_CREAT, 0o640) }
    #expect(await rings.next() == .changed)
    #expect("{}".withCString { write(file, $0, 2) } == 2)
    close(file)
    #expect(await rings.next() == .changed)
  }

  @Test("Unfinished files and what the reader does itself do not ring")
  func silence() async throws {
    let spool = try TemporarySpool()
    spool.put("{]", as: "a.json")
    let watcher = try SpoolWatcher(root: spool.root)
    spool.put("{", as: ".a.tmp", mtime: nil)
    let reader = try spool.reader()
    let file = try #require(reader.takeAll(now: spool.start).files.first)
    try reader.reject([Refusal(claim: file.claim, reason: "bad")], now: spool.start)
    #expect(spool.root.appending("other").withPlatformString { mkdir($0, 0o700) } == 0)
    // Events come in order, so the end of the watch is the first ring only if nothing before it was one.
    #expect(unlink(spool.incoming.appending(".a.tmp").string) == 0 && rmdir(spool.incoming.string) == 0)
    var rings = watcher.rings.makeAsyncIterator()
    #expect(await rings.next() == .gone)
  }

  @Test(
    "A directory that becomes unreadable rings, and what came until it is readable again is found by a listing",
    arguments: ["", "incoming", "claimed"])
  func permissions(of directory: String) async throws {
    let spool = try TemporarySpool()
    let path = directory.isEmpty ? spool.root.string : spool.root.string + "/" + directory
    let notes = DropNotes()
    let reader = try spool.reader()
    reader.notes = notes
    let watcher = try SpoolWatcher(root: spool.root, notes: notes)
    try reader.scan(now: spool.start)
    var rings = watcher.rings.makeAsyncIterator()
    for mode: mode_t in [0o500, 0o700] {
      #expect(chmod(path, mode) == 0)
      #expect(await rings.next() == .changed)
      #expect(!reader.wantsScan)
      reader.look(now: spool.start)
      #expect(reader.wantsScan)
      try reader.scan(now: spool.start)
    }
    spool.put("{}", as: "a.json")
    #expect(await rings.next() == .changed)
    reader.look(now: spool.start)
    #expect(!reader.wantsScan && reader.hasMore, "files are told of by name again")
  }

  @Test("A burst that nobody listens to is one ring, and loses none of the files")
  func burst() async throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let watcher = try SpoolWatcher(root: spool.root)
    var rings = watcher.rings.makeAsyncIterator()
    for number in 0..<500 { spool.put("{}", as: "\(number).json", mtime: nil) }
    var names: Set<String> = []
    while names.count < 500, await rings.next() != nil { names.formUnion(try reader.takeAll(now: spool.start).names) }
    #expect(names.count == 500)
  }

  /// How a directory of the spool can go away under us, while the reader holds it open.
  enum Departure: CaseIterable {
    case incomingRemoved, incomingRenamed, claimedRemoved, rootRenamed
  }

  @Test("The watch ends with a last ring when the spool goes away", arguments: Departure.allCases)
  func gone(way: Departure) async throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let watcher = try SpoolWatcher(root: spool.root)
    let aside = FilePath(spool.root.string + "-aside")
    switch way {
    case .incomingRemoved: #expect(rmdir(spool.incoming.string) == 0)
    case .incomingRenamed: #expect(rename(spool.incoming.string, spool.root.appending("old").string) == 0)
    case .claimedRemoved: #expect(rmdir(spool.root.appending("claimed").string) == 0)
    case .rootRenamed: #expect(rename(spool.root.string, aside.string) == 0)
    }
    var rings = watcher.rings.makeAsyncIterator()
    #expect(await rings.next() == .gone)
    #expect(await rings.next() == nil)
    #expect(reader.isStale)
    removeTree(aside)
  }

  @Test("After a directory was replaced, a new watch and a reopened reader go on")
  func watchedAnew() async throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    let first = try SpoolWatcher(root: spool.root)
    #expect(rmdir(spool.incoming.string) == 0)
    var rings = first.rings.makeAsyncIterator()
    #expect(await rings.next() == .gone)
    try reader.reopen()
    let second = try SpoolWatcher(root: spool.root)
    try spool.writer.drop(Array("{}".utf8), as: "a")
    rings = second.rings.makeAsyncIterator()
    #expect(await rings.next() == .changed)
    #expect(try reader.takeAll(now: spool.start).names == ["a.json"])
  }

  @Test("A spool that is not there cannot be watched")
  func missing() {
    #expect(throws: SpoolError.self) { try SpoolWatcher(root: "/nonexistent") }
  }
}
