import CSpool
import FoundationEssentials
import Glibc
import ProgressModel
import SystemPackage
import TestSupport
import Testing

@testable import Spool

@Suite("Handing over by socket", .timeLimit(.minutes(5))) struct SubmissionTests {
  private let me = geteuid()
  private let ready = SubmissionAnswer.ready(maximumFileSize: 65_536)

  @Test("What is handed over lies in incoming/ for its sender, whole, before it is answered")
  func acceptance() async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      for name in ["a.json", "ü ~5~.json"] {
        #expect(try client.submit("{\"x\": \"\(name)\"}", as: name) == .accepted(SpoolName(name)))
        #expect(spool.text(of: SpoolName("~\(me)~\(name)"), in: "incoming") == "{\"x\": \"\(name)\"}")
      }
    }
    let files = try spool.reader().takeAll(now: spool.start).files
    #expect(files.map(\.name) == [SpoolName("a.json"), SpoolName("ü ~5~.json")] && files.allSatisfy { $0.sender == me })
    #expect(spool.names(in: "incoming").isEmpty)
  }

  @Test("A name is the sender's for as long as the file waits: the same again is the same file, and other contents are refused")
  func repetition() async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
      guard case .refused(let refusal) = try client.submit("{ }", as: "a.json") else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .taken)
      #expect(spool.names(in: "incoming") == [SpoolName("~\(me)~a.json")])
      _ = try spool.reader().takeAll(now: spool.start)
      #expect(try client.submit("{ }", as: "a.json") == .accepted(SpoolName("a.json")))
    }
  }

  @Test("A file that waits under the name and cannot be looked at just now is not said to be another: who hands over tries again")
  func unreadableRepetition() async throws {
    let spool = try TemporarySpool()
    signal(SIGIO, SIG_IGN)  // the kernel's request to give the lease up
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
      let holder = spool.root.appending("incoming").appending("~\(me)~a.json").withPlatformString { open($0, O_RDWR | O_CLOEXEC) }
      let setLease: CInt = 1024  // F_SETLEASE, which the Glibc module leaves out
      // A program that another test is starting has copies of all that is open, for a moment; with one of this file there is no lease.
      try await eventually("the lease is granted") { fcntl(holder, setLease, CInt(F_WRLCK)) == 0 }
      guard case .refused(let refusal) = try client.submit("{}", as: "a.json") else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .wait && refusal.reason.contains("in the way"), "\(refusal)")
      try #require(fcntl(holder, setLease, CInt(F_UNLCK)) == 0)
      close(holder)
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
    }
  }

  @Test("An entry that somebody else has put under the name is not taken for the file, and is in nobody's way but its own")
  func impostors() async throws {
    let spool = try TemporarySpool()
    let places = ["a.json", "b.json"].map { spool.root.appending("incoming").appending("~\(me)~\($0)") }
    try #require(places[0].withPlatformString { mkdir($0, 0o755) } == 0)
    // Only root can make a file that is another's.
    if me == 0 {
      try Data("{}".utf8).write(to: URL(filePath: places[1].string))
      try #require(places[1].withPlatformString { chown($0, 4_711, 4_711) } == 0)
    }
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      for name in me == 0 ? ["a.json", "b.json"] : ["a.json"] {
        guard case .refused(let refusal) = try client.submit("{}", as: name) else {
          Issue.record("\(name) was accepted")
          continue
        }
        #expect(refusal.kind == .wait && refusal.reason.contains("in the way"), "\(refusal)")
      }
    }
  }

  private static let strange: [(header: String, kind: SubmissionRefusal.Kind, words: String)] = [
    ("", .malformed, "not JSON"), ("{", .malformed, "not JSON"), ("[]", .malformed, "must be an object"), ("{}", .malformed, "version 1"),
    (#"{"version":2,"name":"a.json"}"#, .malformed, "version 1"), (#"{"version":1}"#, .malformed, "must have a name"),
    (#"{"version":1,"name":"a.json","uid":0}"#, .malformed, #"unknown field, "uid""#), (#"{"version":1,"name":7}"#, .malformed, "a text"),
    (header("a"), .name, "cannot name"), (header(".a.json"), .name, "cannot name"), (header("../a.json"), .name, "cannot name"),
    (header("a/b.json"), .name, "cannot name"), (header(#"\u0000.json"#), .name, "cannot name"),
    (header(String(repeating: "n", count: 251) + ".json"), .name, "cannot name"),
    (header(String(repeating: "n", count: 250) + ".json"), .wait, "too long"),
    (header(String(repeating: "n", count: 5_000)), .malformed, "longer than 4096 bytes"),
    (String(repeating: "[", count: 4_000), .malformed, "not JSON"),
  ]

  @Test("A strange header is refused in words, and nothing of it stays behind", arguments: strange)
  func headers(header: String, kind: SubmissionRefusal.Kind, words: String) async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      let memory = sealed("{}")
      defer { close(memory) }
      try client.send(header, [memory])
      guard case .refused(let refusal)? = client.answer() else {
        Issue.record("no refusal")
        return
      }
      #expect(refusal.kind == kind && refusal.reason.contains(words), "\(refusal)")
      if kind == .malformed { #expect(client.answer() == nil, "it hangs up") }
      #expect(openDescriptors(like: memory) == 1)
    }
    #expect(spool.names(in: "incoming").isEmpty)
  }

  @Test("What is no sealed memory is refused, and closed, whatever it is")
  func descriptors() async throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "elsewhere", mtime: nil)
    var (pipe, pair): ([CInt], [CInt]) = ([0, 0], [0, 0])
    #expect(Glibc.pipe(&pipe) == 0 && socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
    let file = spool.path("elsewhere").withCString { Glibc.open($0, O_RDONLY) }
    let directory = spool.root.withPlatformString { Glibc.open($0, O_RDONLY | O_DIRECTORY) }
    let path = spool.path("elsewhere").withCString { Glibc.open($0, cspool_o_path) }
    let full = Glibc.open("/dev/full", O_RDWR)
    let unsealed = [0, 0x2, 0x4, 0x8, 0x6, 0xa, 0xc].map { sealed("{}", seals: $0) }
    let good = sealed("{}")
    let single = [pipe[0], pair[0], file, directory, path, full] + unsealed
    let cases: [[CInt]] = [[], [good, good], Array(repeating: good, count: 253), [good, file]] + single.map { [$0] }
    defer { for descriptor in pipe + pair + single + [good] { close(descriptor) } }
    let before = (single + [good]).map { openDescriptors(like: $0) }
    try await SubmissionDesk.open(spool.root) { path in
      for sent in cases {
        let client = try RawSubmitter(path)
        #expect(client.answer() == ready)
        try client.send(header("a.json"), sent)
        guard case .refused(let refusal)? = client.answer() else {
          Issue.record("no refusal of \(sent)")
          continue
        }
        #expect(refusal.kind == .malformed && refusal.reason.contains("memfd") || refusal.reason.contains("exactly one"), "\(refusal)")
        #expect(client.answer() == nil)
      }
    }
    // What may block whoever closes it is closed beside the server.
    try await eventually { (single + [good]).map { openDescriptors(like: $0) } == before }
    #expect(spool.names(in: "incoming") == [SpoolName("elsewhere")])
  }

  @Test("A file is as large as spool.max_file_size at most, holes included")
  func size() async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root, SubmissionLimits(maximumFileSize: 10)) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == .ready(maximumFileSize: 10))
      #expect(try client.submit("          ", as: "a.json") == .accepted(SpoolName("a.json")))
      #expect(try client.submit("", as: "empty.json") == .accepted(SpoolName("empty.json")))
      let huge = sealed("", seals: 0)
      defer { close(huge) }
      #expect(ftruncate(huge, 1 << 40) == 0 && fcntl(huge, 1033, 0xe) == 0)
      try client.send(header("b.json"), [huge])
      guard case .refused(let refusal)? = client.answer() else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .size)
      #expect(try client.submit("{}", as: "b.json") == .accepted(SpoolName("b.json")), "the connection goes on")
    }
  }

  @Test("A thousand clients at once are as many as there is room for, and the rest is told so and leaves room for others")
  func flood() async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root, SubmissionLimits(connections: 20)) { path in
      var held: [CInt] = []
      defer { for socket in held { close(socket) } }
      var refused = 0
      for _ in 0..<1_000 {
        let socket = path.withPlatformString { cspool_connect($0) }
        try #require(socket >= 0)
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        try #require(poll(&state, 1, 30_000) > 0)
        let length = recv(socket, &bytes, bytes.count, 0)
        switch SubmissionAnswer(bytes: Array(bytes.prefix(max(0, length)))) {
        case .ready: held.append(socket)
        case .refused(let refusal):
          #expect(refusal.kind == .wait)
          refused += 1
          close(socket)
        case .accepted, nil: Issue.record("no greeting")
        }
      }
      #expect(held.count == 20 && refused == 980)
      for socket in held { close(socket) }
      held = []
      try await eventually {
        let client = try RawSubmitter(path)
        return client.answer() == ready
      }
    }
  }

  @Test("A connection that says nothing for a while is closed; one that dies amid its work, or reads nothing, holds up nobody")
  func silence() async throws {
    let spool = try TemporarySpool()
    try await SubmissionDesk.open(spool.root, SubmissionLimits(idleTimeout: .milliseconds(200))) { path in
      let silent = try RawSubmitter(path)
      #expect(silent.answer() == ready && silent.answer() == nil)
      for number in 0..<50 {
        // Gone before it is greeted, greeted and gone, or gone without its answer.
        let client = try RawSubmitter(path)
        if number % 3 > 0 { #expect(client.answer() == ready) }
        let memory = sealed("{}")
        defer { close(memory) }
        if number % 3 > 1 { try client.send(header("\(number).json"), [memory]) }
      }
      let deaf = try RawSubmitter(path)
      let memory = sealed("{}")
      defer { close(memory) }
      // A thousand answers fill what the kernel keeps for it.
      for number in 0..<1_000 where fcntl(deaf.socket, F_GETFD) >= 0 {
        let bytes = Array(header("deaf\(number).json").utf8)
        if cspool_send(deaf.socket, bytes, UInt(bytes.count), memory) < 0 { break }
      }
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
    }
  }

  @Test("Beyond a sender's number of files that wait, more are told to wait, until some are taken")
  func bound() async throws {
    let spool = try TemporarySpool()
    // What others own, or own in others' names, counts for nobody.
    spool.put("{}", as: "~4711~x.json")
    for name in ["y.json", "~x~.json"] { spool.put("{}", as: name) }
    try await SubmissionDesk.open(spool.root, SubmissionLimits(filesPerSender: 3)) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      for name in ["a.json", "b.json", "c.json"] { #expect(try client.submit("{}", as: name) == .accepted(SpoolName(name))) }
      guard case .refused(let refusal)? = try client.submit("{}", as: "d.json") else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .wait && refusal.reason.contains("3 files"))
      _ = try spool.reader().takeAll(now: spool.start)
      try await eventually { try client.submit("{}", as: "d.json") == .accepted(SpoolName("d.json")) }
    }
  }

  @Test("A spool that is replaced is the one that is written to; one that is gone is said")
  func replacedSpool() async throws {
    let spool = try TemporarySpool()
    let (incoming, aside) = (spool.incoming, spool.root.appending("aside"))
    try await SubmissionDesk.open(spool.root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      #expect(incoming.withPlatformString { old in aside.withPlatformString { rename(old, $0) } } == 0)
      guard case .refused(let refusal)? = try client.submit("{}", as: "a.json") else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .wait && refusal.reason.contains("No such file or directory"), "\(refusal)")
      #expect(incoming.withPlatformString { mkdir($0, 0o700) } == 0)
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
      #expect(spool.names(in: "incoming") == [SpoolName("~\(me)~a.json")])
    }
  }

  @Test("A full disk is a refusal for now, and leaves nothing behind", .enabled(if: SmallDisk.isPossible, "takes the right to mount"))
  func fullDisk() async throws {
    let disk = try SmallDisk(kibibytes: 512)
    let root = FilePath(disk.directory.path).appending("spool")
    _ = try SpoolReader(root: root)
    try await SubmissionDesk.open(root) { path in
      let client = try RawSubmitter(path)
      #expect(client.answer() == ready)
      try disk.fill()
      guard case .refused(let refusal)? = try client.submit(String(repeating: "x", count: 10_000), as: "a.json") else {
        Issue.record("it was accepted")
        return
      }
      #expect(refusal.kind == .wait && refusal.reason.contains("No space left"), "\(refusal)")
      #expect(entries(of: root.appending("incoming")).isEmpty)
      try disk.clear()
      #expect(try client.submit("{}", as: "a.json") == .accepted(SpoolName("a.json")))
    }
  }
}
