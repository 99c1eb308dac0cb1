import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import SyncStore
import Synchronization
import Testing

@Suite("Whom progressctl asks")
struct ControlClientTests {
  private let state: TemporaryState

  init() throws {
    state = try TemporaryState()
  }

  @Test("a daemon that answers is believed, whatever its files say")
  func daemon() async throws {
    try state.openStore().accept(.uncomplete)
    try await AnsweringDaemon().serving(at: state.socketPath) { socket in
      let client = ControlClient(socket: socket, files: state.files)
      let ((report, source), (items, itemsSource)) = (try await client.status(), try await client.queue())
      #expect(report.daemon.pid == 7 && report.waiting == 0 && source == .daemon)
      #expect(items.isEmpty && itemsSource == .daemon)
    }
  }

  @Test("where none answers, the files do, and the answer says so")
  func files() async throws {
    try state.openStore().accept(.uncomplete)
    let without = ControlClient.Source.files(because: .noDaemon(socket: state.socketPath))
    try await SocketClient.with(path: state.socketPath) { socket in
      let client = ControlClient(socket: socket, files: state.files)
      let ((report, source), (items, itemsSource)) = (try await client.status(), try await client.queue(QueueFilter(ids: [1])))
      #expect(report.daemon.running == false && report.waiting == 1 && source == without)
      #expect(items.map(\.key) == ["complete-p1-1-3"] && itemsSource == without)
    }
  }

  @Test("a daemon that refuses is not gone around")
  func refused() async throws {
    try state.openStore().accept(.uncomplete)
    let daemon = AnsweringDaemon()
    let refusal = ControlRefusal(.unavailable, "the daemon is ending")
    daemon.state.withLock { $0.refusal = refusal }
    try await daemon.serving(at: state.socketPath) { socket in
      let client = ControlClient(socket: socket, files: state.files)
      await #expect(throws: ControlError.refused(refusal)) { try await client.status() }
    }
  }

  @Test("before there is a queue, that is the reason which is told")
  func noQueue() async throws {
    try await SocketClient.with(path: state.socketPath) { socket in
      let client = ControlClient(socket: socket, files: state.files)
      await #expect(throws: ControlError.noQueue(path: state.queuePath)) { try await client.status() }
    }
  }
}
