import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Testing

/// Whatever else may listen where the daemon should.
@Suite("A control socket that answers strangely")
struct StrangeDaemonTests {
  struct Answer: Sendable, CustomTestStringConvertible {
    let status: HTTPResponse.Status
    let body: String
    let code: Int32
    let words: String
    var testDescription: String { "\(status.code) \(body)" }
  }

  private static let misunderstood = "; start the daemon again, so that it has this version (the system's service, "

  @Test(
    "has its own exit code and a next step",
    arguments: [
      Answer(status: .ok, body: "hello\n", code: 76, words: misunderstood),
      Answer(status: .internalServerError, body: "hello", code: 76, words: "status 500; it may be of another version than this program"),
      Answer(status: .notFound, body: #"{"error":"no such path","kind":"new_kind"}"#, code: 76, words: misunderstood),
      Answer(
        status: .serviceUnavailable, body: #"{"error":"ask again","kind":"unavailable"}"#, code: 75, words: "ask again (the system's "),
      Answer(
        status: .badRequest, body: #"{"error":"no","kind":"bad_request"}"#, code: 65, words: "progressctl: no (the system's service, "),
    ])
  func strange(answer: Answer) async throws {
    let machine = try Workstation()
    machine.proxyPort = 1  // Nobody is there, and nobody asks.
    try machine.configure()
    try await serving(answer, at: machine.directory.appending(path: "control.sock").path) {
      for arguments in [["flush"], ["queue"], ["rejected"], ["watch"]] {
        let heard = try await RunningProgram.run("progressctl", arguments + ["--config", machine.configurationFile.path])
        #expect(heard.status == answer.code, "\(arguments): \(heard)")
        #expect(heard.words.hasPrefix("progressctl: ") && heard.words.contains(answer.words), "\(arguments): \(heard)")
      }
      let examined = try await machine.doctor(as: .root)
      #expect(examined.status == 1)
      #expect(examined.findings.first?.fix?.contains("journalctl -u progress-syncd -e") == true, "\(examined.words)")
    }
  }

  /// Answers everything with the same on a socket at `path` while `body` runs.
  private func serving(_ answer: Answer, at path: String, _ body: () async throws -> Void) async throws {
    let (starts, hasStarted) = AsyncStream.makeStream(of: Void.self)
    let application = Application(
      responder: CallbackResponder { (_: Request, _: BasicRequestContext) in
        Response(status: answer.status, body: .init(byteBuffer: .init(string: answer.body)))
      },
      configuration: .init(address: .unixDomainSocket(path: path)), onServerRunning: { _ in hasStarted.yield() },
      logger: Logger(label: "strange") { _ in SwiftLogNoOpLogHandler() })
    var configuration = ServiceGroupConfiguration(services: [application], logger: application.logger)
    configuration.maximumGracefulShutdownDuration = .seconds(1)
    let services = ServiceGroup(configuration: configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await services.run() }
      for await _ in starts {
        try await body()
        break
      }
      await services.triggerGracefulShutdown()
    }
  }
}
