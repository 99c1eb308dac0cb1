import ControlClient
import ControlProtocol
import ControlServer
import FoundationEssentials
import Glibc
import ProgressModel
import SystemPackage
import Synchronization
import Testing

/// Against the real control server on a real socket.
@Suite("Asking over the control socket")
struct SocketClientTests {
  private let place: TemporaryState
  private let daemon = AnsweringDaemon()

  init() throws {
    place = try TemporaryState()
  }

  private func item(_ id: Int64, _ state: QueueItem.State = .waiting) -> QueueItem {
    QueueItem(
      id: id, key: "complete-p1-1-\(id)", state: state, attempts: 0, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: start,
      lastError: "caf\u{e9}\n{")
  }

  @Test("status, configuration and metrics come as they were sent")
  func values() async throws {
    var expected = StatusReport(daemon: DaemonReport(running: true, pid: 7))
    (expected.waiting, expected.failures) = (3, [item(1, .failed)])
    daemon.state.withLock { $0.status = expected }
    let (status, configuration, metrics) = try await daemon.serving(at: place.socketPath) { client in
      (try await client.status(), try await client.configuration(), try await client.metrics())
    }
    #expect(status == expected)
    #expect(configuration == daemon.configuration(for: Caller(uid: 0)))
    #expect(metrics == "# a metric\n")
  }

  @Test("a queue comes as a stream of entries, however long it is, and narrowed down as wished")
  func queue() async throws {
    let items = (1...2_500).map { item($0, $0 % 2 == 0 ? .failed : .waiting) }
    daemon.state.withLock { $0.items = items }
    try await daemon.serving(at: place.socketPath) { client in
      let all = try await client.queue().collected()
      #expect(all == items)
      let failed = try await client.queue(QueueFilter(states: [.failed])).collected()
      #expect(failed.count == 1_250)
      let chosen = try await client.queue(QueueFilter(keys: ["complete-p1-1-3", "complete-p1-1-4"], ids: [4, 5])).collected()
      #expect(chosen.map(\.id) == [4])
      let (one, none) = (try await client.entry(7), try await client.entry(9_999))
      #expect(one == items[6] && none == nil)
    }
  }

  @Test("a reader that stops amid a stream leaves the client usable")
  func abandonedStream() async throws {
    daemon.state.withLock { $0.items = (1...5_000).map { item($0) } }
    try await daemon.serving(at: place.socketPath) { client in
      for _ in 1...20 {
        for try await item in try await client.queue() {
          #expect(item.id == 1)
          break
        }
      }
      let status = try await client.status()
      #expect(status.daemon.pid == 7)
    }
  }

  @Test("an action is asked for by its id and keys, with what is waited for")
  func action() async throws {
    daemon.state.withLock { $0.action = ActionReport(state: .failed, reason: "422: no") }
    let id = try #require(ActionID("a/b?c#%"))
    let session = try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: 3) })
    let keys = [WriteKey(session: session, field: .completion), WriteKey(session: session, field: .exercise(id: "a&b=c d"))]
    let report = try await daemon.serving(at: place.socketPath) { client in
      try await client.action(id, keys: keys, until: .synced, for: .milliseconds(1_500))
    }
    #expect(report == ActionReport(state: .failed, reason: "422: no"))
    let asked = ActionInquiry(
      id: id, keys: ["complete-p1-1-3", "exercise-p1-1-3-a&b=c d"], wish: .synced, patience: .milliseconds(1_500))
    #expect(daemon.state.withLock { $0.inquiries } == [asked])
  }

  @Test("events come as they happen, and the stream ends when the daemon ends it")
  func events() async throws {
    try await daemon.serving(at: place.socketPath) { client in
      var events = try await client.events(program: "p1", key: "complete-p1-1-3").makeAsyncIterator()
      let mailbox = try #require(daemon.state.withLock { $0.mailbox })
      #expect(daemon.state.withLock { $0.filters } == [EventFilter(programs: ["p1"], keys: ["complete-p1-1-3"])])
      var event = LiveEvent(at: start, kind: .synced, text: "\u{2705} Synced")
      (event.program, event.key, event.status) = ("p1", "complete-p1-1-3", 200)
      var other = event
      other.key = "complete-p1-1-4"
      let held = LiveEvent(at: start, kind: .held, text: "about no key")
      mailbox.deliver([event, other, held])
      let (first, heldToo) = (try await events.next(), try await events.next())
      #expect(first == event && heldToo == held)
      mailbox.deliver([event])
      mailbox.end()
      let (second, end) = (try await events.next(), try await events.next())
      #expect(second == event && end == nil)
    }
  }

  @Test("each command arrives as it was meant, and its report comes back")
  func commands() async throws {
    let commands: [ControlCommand] = [
      .flush, .retry(EntryChoice(ids: [3], keys: ["complete-p1-1-3"])), .retry(EntryChoice(allFailed: true)),
      .discard(EntryChoice(all: true)), .pause(for: nil), .pause(for: "2h"), .resume, .logLevel("debug", for: "10m"),
      .logLevel("info", for: nil), .reload,
    ]
    try await daemon.serving(at: place.socketPath) { client in
      for command in commands {
        let report = try await client.perform(command)
        #expect(report == CommandReport(changed: 1, missing: ["9"], message: "done"))
      }
    }
    #expect(daemon.state.withLock { $0.commands } == commands)
  }

  @Test("rejected files are listed, read byte for byte, given back and thrown away")
  func rejected() async throws {
    try await daemon.serving(at: place.socketPath) { client in
      let files = try await client.rejected().collected()
      #expect(files == [AnsweringDaemon.file])
      let contents = try await client.contents(ofRejected: "a b.json")
      #expect(contents == [0, 255, 10])
      await #expect(throws: ControlError.refused(ControlRefusal(.notFound, "no such file: b"))) {
        try await client.contents(ofRejected: "b")
      }
      let requeued = try await client.requeue(RejectedChoice(names: ["a b.json"]))
      let discarded = try await client.discard(RejectedChoice(all: true))
      #expect(requeued.message == "requeued" && discarded.message == "discarded")
    }
    #expect(daemon.state.withLock { $0.choices } == [RejectedChoice(names: ["a b.json"]), RejectedChoice(all: true)])
  }

  @Test("a refusal is the daemon's own word", arguments: [ControlRefusal.Kind.notPermitted, .conflict, .badRequest, .unavailable])
  func refusal(kind: ControlRefusal.Kind) async throws {
    let refusal = ControlRefusal(kind, "no: do something else")
    daemon.state.withLock { $0.refusal = refusal }
    try await daemon.serving(at: place.socketPath) { client in
      await #expect(throws: ControlError.refused(refusal)) { try await client.perform(.flush) }
      await #expect(throws: ControlError.refused(refusal)) { try await client.status() }
    }
  }

  @Test("a daemon that is ending has done nothing, so the next one is asked")
  func ending() async throws {
    daemon.state.withLock { ($0.refusal, $0.refusalsLeft) = (ControlRefusal(.ending, "the daemon is ending"), 3) }
    try await daemon.serving(at: place.socketPath) { client in
      let report = try await client.perform(.flush)
      #expect(report.message == "done")
    }
    #expect(daemon.state.withLock { $0.commands.count } == 4)
  }

  @Test("an answer that does not come is not waited for longer than it may take")
  func timeout() async throws {
    daemon.state.withLock { $0.delay = .seconds(600) }
    try await daemon.serving(at: place.socketPath) { _ in
      var timeouts = SocketClient.Timeouts()
      timeouts.answer = .milliseconds(50)
      try await SocketClient.with(path: place.socketPath, timeouts: timeouts) { client in
        _ = await #expect(throws: ControlError.noAnswer(within: .milliseconds(50))) { try await client.status() }
      }
    }
  }

  @Test("what may be about all of the queue is waited for longer than what takes a moment")
  func longChanges() async throws {
    let timeouts = SocketClient.Timeouts()
    #expect(timeouts.change >= .seconds(45 + 2 * 80), "a clear waits for the spool, and then discards millions")
    daemon.state.withLock { $0.delay = .milliseconds(200) }
    try await daemon.serving(at: place.socketPath) { _ in
      var timeouts = timeouts
      (timeouts.connect, timeouts.command) = (.seconds(60), .milliseconds(20))
      try await SocketClient.with(path: place.socketPath, timeouts: timeouts) { client in
        _ = await #expect(throws: ControlError.noAnswer(within: .milliseconds(20))) { try await client.perform(.reload) }
        for change in [ControlCommand.flush, .retry(EntryChoice(allFailed: true)), .discard(EntryChoice(all: true))] {
          let report = try await client.perform(change)
          #expect(report.message == "done")
        }
      }
    }
  }

  @Test("whoever asks can give up asking")
  func cancellation() async throws {
    daemon.state.withLock { $0.delay = .seconds(600) }
    try await daemon.serving(at: place.socketPath) { client in
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await #expect(throws: CancellationError.self) { try await client.status() } }
        group.addTask { await #expect(throws: CancellationError.self) { try await client.events().collected() } }
        group.cancelAll()
      }
    }
  }
}

extension AsyncSequence {
  func collected() async throws -> [Element] {
    var elements: [Element] = []
    for try await element in self { elements.append(element) }
    return elements
  }
}
