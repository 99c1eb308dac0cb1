import ControlClient
import ControlProtocol
import ControlServer
import Logging
import ProgressModel
import Synchronization
import SystemPackage

/// What stands behind the real control server in these tests: values to answer with, and a note of what was asked.
final class AnsweringDaemon: ControlPort {
  struct State {
    var status = StatusReport(daemon: DaemonReport(running: true, pid: 7))
    var items: [QueueItem] = []
    var action = ActionReport(state: .accepted)
    var inquiries: [ActionInquiry] = []
    var filters: [EventFilter] = []
    var mailbox: EventMailbox?
    var commands: [ControlCommand] = []
    var choices: [RejectedChoice] = []
    var refusal: ControlRefusal?
    /// How many commands are refused before; nil: all.
    var refusalsLeft: Int?
    /// Answers that take so long.
    var delay = Duration.zero
  }

  let state = Mutex(State())

  func status(for caller: Caller) async throws -> StatusReport {
    let (status, delay, refusal) = state.withLock { ($0.status, $0.delay, $0.refusal) }
    try await Task.sleep(for: delay)
    if let refusal { throw refusal }
    return status
  }

  func entries(matching filter: QueueFilter, for caller: Caller, after last: Int64, atMost limit: Int) -> [QueueItem] {
    let items = state.withLock { $0.items }.filter { item in
      item.id > last && (filter.states.isEmpty || filter.states.contains(item.state))
        && (filter.keys.isEmpty || filter.keys.contains(item.key)) && (filter.ids.isEmpty || filter.ids.contains(item.id))
    }
    return Array(items.prefix(limit))
  }

  func action(_ inquiry: ActionInquiry, for caller: Caller) -> ActionReport {
    state.withLock { state in
      state.inquiries.append(inquiry)
      return state.action
    }
  }

  func events(matching filter: EventFilter, for caller: Caller) -> EventMailbox {
    let mailbox = EventMailbox { filter.wants($0) }
    state.withLock { state in
      state.filters.append(filter)
      state.mailbox = mailbox
    }
    return mailbox
  }

  func perform(_ command: ControlCommand, for caller: Caller) async throws -> CommandReport {
    try await Task.sleep(for: state.withLock { $0.delay })
    return try state.withLock { state in
      state.commands.append(command)
      if let refusal = state.refusal, state.refusalsLeft != 0 {
        state.refusalsLeft? -= 1
        throw refusal
      }
      return CommandReport(changed: 1, missing: ["9"], message: "done")
    }
  }

  func rejectedFiles(for caller: Caller) -> [RejectedFile] { [Self.file] }

  static let file = RejectedFile(name: "a b/\u{fc}.json", reason: "no", size: 2, rejectedAt: start, sender: 0)

  func rejectedFile(named name: String, for caller: Caller) throws -> [UInt8] {
    guard name == "a b.json" else { throw ControlRefusal(.notFound, "no such file: \(name)") }
    return [0, 255, 10]
  }

  func requeue(_ choice: RejectedChoice, for caller: Caller) -> CommandReport { note(choice, "requeued") }
  func discard(_ choice: RejectedChoice, for caller: Caller) -> CommandReport { note(choice, "discarded") }

  private func note(_ choice: RejectedChoice, _ word: String) -> CommandReport {
    state.withLock { $0.choices.append(choice) }
    return CommandReport(changed: choice.names.count, message: word)
  }

  func configuration(for caller: Caller) -> ConfigurationReport {
    ConfigurationReport(file: "/c", values: [.init(key: "log.level", value: "info", origin: "default")])
  }

  func metrics() -> String { "# a metric\n" }

  /// Answers at `path` while `body` runs, with a client of it.
  func serving<Answer>(at path: String, _ body: (SocketClient) async throws -> Answer) async throws -> Answer {
    let socket = try DaemonSocket.make(at: FilePath(path), group: nil)
    defer { socket.close() }
    let server = ControlServer(on: socket, port: self, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await server.run() }
      defer { group.cancelAll() }
      var timeouts = SocketClient.Timeouts()
      // Other tests may keep all threads busy for a while.
      (timeouts.connect, timeouts.answer) = (.seconds(60), .seconds(120))
      return try await SocketClient.with(path: path, timeouts: timeouts, body)
    }
  }
}
