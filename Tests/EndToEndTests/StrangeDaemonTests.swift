import Foundation
import TestSupport
import Testing

/// Whatever else may listen where the daemon should.
@Suite("A control socket that answers strangely")
struct StrangeDaemonTests {
  struct Answer: Sendable, CustomTestStringConvertible {
    let status: String
    let body: String
    let code: Int32
    let words: String
    var testDescription: String { "\(status) \(body)" }
  }

  private static let misunderstood = "; start the daemon again, so that it has this version (the system's service, "

  @Test(
    "has its own exit code and a next step",
    arguments: [
      Answer(status: "200 OK", body: "hello\n", code: 76, words: misunderstood),
      Answer(
        status: "500 Internal Server Error", body: "hello", code: 76, words: "status 500; it may be of another version than this program"),
      Answer(status: "404 Not Found", body: #"{"error":"no such path","kind":"new_kind"}"#, code: 76, words: misunderstood),
      Answer(
        status: "503 Service Unavailable", body: #"{"error":"ask again","kind":"unavailable"}"#, code: 75, words: "ask again (the system's "
      ),
      Answer(
        status: "400 Bad Request", body: #"{"error":"no","kind":"bad_request"}"#, code: 65, words: "progressctl: no (the system's service, "
      ),
    ])
  func strange(answer: Answer) async throws {
    let machine = try Workstation()
    machine.proxyPort = 1  // Nobody is there, and nobody asks.
    try machine.configure()
    let socket = machine.directory.appending(path: "control.sock").path
    try await ScriptedServer.run([.answer(answer.status, body: answer.body)], at: socket) { _ in
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
}
