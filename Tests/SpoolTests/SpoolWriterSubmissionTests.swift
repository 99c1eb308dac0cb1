import CSpool
import CTestSupport
// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc
import SystemPackage
import Testing

@testable import Spool

@Suite("A writer with two ways", .timeLimit(.minutes(5))) struct SpoolWriterSubmissionTests {
  private let me = geteuid()
  private static let identified = Array(#"{"action":"complete","program_id":"p1","week_number":1,"day_number":3,"id":"once"}"#.utf8)
  private static let anonymous = Array(#"{"action":"complete","program_id":"p1","week_number":1,"day_number":3}"#.utf8)

  private func writer(_ spool: borrowing TemporarySpool) -> SpoolWriter {
    SpoolWriter(incoming: spool.incoming, socket: spool.root.appending("submit.sock"))
  }

  @Test("Where a daemon answers, it hands over by socket, and both ways end in the same name and sender")
  func handingOver() async throws {
    let spool = try TemporarySpool()
    let writer = writer(spool)
    try await SubmissionDesk.open(spool.root) { _ in
      #expect(writer.rehearseSubmission() == nil)
      let name = try writer.drop(Array("{}".utf8), as: "a")
      #expect(name == SpoolName("a.json"))
      #expect(spool.names(in: "incoming") == [SpoolName("~\(me)~a.json")])
    }
    #expect(writer.rehearseSubmission()?.code == .noSuchFileOrDirectory)
    #expect(try writer.drop(Array("{}".utf8), as: "b") == SpoolName("b.json"))
    let files = try spool.reader().takeAll(now: spool.start).files
    #expect(files.map(\.name) == [SpoolName("a.json"), SpoolName("b.json")] && files.allSatisfy { $0.sender == me })
  }

  @Test("A refusal for good is no reason to try the other way; one for now is")
  func refusals() async throws {
    let spool = try TemporarySpool()
    let writer = writer(spool)
    try await SubmissionDesk.open(spool.root, SubmissionLimits(maximumFileSize: 2, filesPerSender: 1)) { _ in
      #expect(throws: SpoolWriteError.self) { try writer.drop(Array("{ }".utf8), as: "a") }
      try writer.drop(Array("{}".utf8), as: "a")
      try writer.drop(Array("{}".utf8), as: "b")
      #expect(spool.names(in: "incoming") == [SpoolName("b.json"), SpoolName("~\(me)~a.json")].sorted())
    }
    try await SubmissionDesk.open(spool.root) { _ in
      let incoming = spool.incoming
      #expect(throws: SpoolWriteError.nameTaken(SpoolName("a.json"), in: incoming)) { try writer.drop(Array("[]".utf8), as: "a") }
    }
    #expect(spool.names(in: "incoming").count == 2)
  }

  @Test("A socket that nobody listens on any more leaves the directory")
  func deadSocket() throws {
    let spool = try TemporarySpool()
    close(spool.root.appending("submit.sock").withPlatformString { ctestsupport_listen($0, 1) })
    #expect(writer(spool).rehearseSubmission()?.code == .connectionRefused)
    try writer(spool).drop(Self.anonymous, as: "a")
    #expect(spool.names(in: "incoming") == [SpoolName("a.json")])
  }

  @Test("A daemon that is there and does not greet has been handed nothing, so that the directory is safe")
  func silentDaemon() async throws {
    let spool = try TemporarySpool()
    let listener = spool.root.appending("submit.sock").withPlatformString { ctestsupport_listen($0, 1) }
    defer { close(listener) }
    try writer(spool).drop(Self.anonymous, as: "a")
    #expect(spool.names(in: "incoming") == [SpoolName("a.json")])
    // The one that takes the connection later finds no packet in it.
    let client = cspool_accept(listener)
    var arrival = cspool_arrival()
    var bytes = [UInt8](repeating: 0, count: 100)
    // Its end is told when the last copy of the writer's is closed, and a program that another test is starting has one.
    var end = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
    #expect(poll(&end, 1, 60_000) == 1)
    #expect(client >= 0 && cspool_receive(client, &bytes, 100, &arrival) == 0 && arrival.count == 0)
    close(client)
  }

  @Test("Without an answer, what has ids is dropped once more, and what has none is not", arguments: [true, false])
  func lostAnswer(hasID: Bool) async throws {
    let spool = try TemporarySpool()
    let listener = spool.root.appending("submit.sock").withPlatformString { ctestsupport_listen($0, 4) }
    defer { close(listener) }
    let writer = writer(spool)
    // Daemons that die when they have got it, one after the other.
    let (deaths, end) = AsyncStream.makeStream(of: Void.self)
    DispatchQueue(label: "deaths").async {
      for _ in 0..<(hasID ? 2 : 1) { Self.die(on: listener) }
      end.finish()
    }
    if hasID {
      #expect(try writer.drop(Self.identified, as: "a") == SpoolName("a.json"))
      #expect(spool.names(in: "incoming") == [SpoolName("a.json")])
    } else {
      let error = #expect(throws: SpoolWriteError.self) { try writer.drop(Self.anonymous, as: "a") }
      #expect(error?.description.contains("whether a.json arrived is not known") == true)
      #expect(spool.names(in: "incoming").isEmpty)
    }
    for await _ in deaths {}
  }

  /// Greets a client, waits for its packet, and hangs up.
  private static func die(on listener: CInt) {
    var state = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, 30_000) > 0 else { return }
    let client = cspool_accept(listener)
    SubmissionConnection.tell(.ready(maximumFileSize: 100), to: client)
    state = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
    poll(&state, 1, 30_000)
    close(client)
  }

  @Test("Where neither way is open, both reasons are said")
  func neitherWay() throws {
    let spool = try TemporarySpool()
    let writer = SpoolWriter(incoming: "/nonexistent/incoming", socket: spool.root.appending("submit.sock"))
    let error = #expect(throws: SpoolWriteError.self) { try writer.drop(Self.identified) }
    let words = error?.description ?? ""
    #expect(words.contains("/nonexistent/incoming: No such file") && words.contains("submit.sock: No such file"), "\(words)")
  }
}
