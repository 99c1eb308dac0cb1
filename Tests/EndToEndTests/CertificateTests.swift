import Foundation
import Glibc
import TestSupport
import Testing

@Suite("An API whose certificate cannot be trusted")
struct CertificateTests {
  struct Flaw: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var names = "DNS:localhost,IP:127.0.0.1"
    var validity = CertificateAuthority.Validity.days(1)
    var isTrusted = true
    /// What the log says after `the certificate of localhost:1234 `.
    let words: String
  }

  static let flaws = [
    Flaw(testDescription: "expired", validity: .days(-1), words: "expired at 20"),
    Flaw(
      testDescription: "not yet valid", validity: .future, words: "is valid only from 2040-01-01T00:00:00Z; is this machine's clock right?"),
    Flaw(testDescription: "for another name", names: "DNS:progress.example.com", words: "is for another name"),
    Flaw(
      testDescription: "from nobody that is known", isTrusted: false,
      words: "is from no authority that this machine trusts; api.ca_file can name one"),
  ]

  @Test("is told nothing, least of all the token, and the log says what is wrong", arguments: flaws)
  func refused(flaw: Flaw) async throws {
    let authority = try CertificateAuthority()
    defer { authority.remove() }
    let machine = try Workstation()
    machine.proxyPort = 8000  // The environment says otherwise.
    let token = machine.directory.appending(path: "token")
    try Data("s3cret\n".utf8).write(to: token)
    let common =
      "api.token_file: \(token.path)\ndebounce: {complete: 10ms}\nretry: {backoff: [100ms, 100ms, 100ms], parked_initial: 1s, parked_max: 1s}"
    try await ScriptedServer.run([.answer()], tls: authority.server(names: flaw.names, validity: flaw.validity)) { server in
      try machine.configure(common + (flaw.isTrusted ? "\napi.ca_file: \(authority.file)" : ""))
      try await machine.startDaemon(environment: ["PROGRESS_SYNC_API_BASE_URL": "https://localhost:\(server.port)"])
      try machine.drop(action("complete"))
      let words = "❌ Sync failed for complete-p1-1-3: the certificate of localhost:\(server.port) \(flaw.words)"
      try await eventually("it says what is wrong") { try machine.daemonLog.contains(words) }
      try await eventually("it is tried for ever") { try machine.daemonLog.contains("❌ Max retry attempts reached") }
      #expect(server.record.requests.isEmpty)
      #expect(try machine.pending() == 1)
      guard !flaw.isTrusted else { return }
      try machine.configure(common + "\napi.ca_file: \(authority.file)")
      try #require(machine.daemon).send(SIGHUP)
      try await eventually("it is delivered as soon as the authority is known") { try machine.isDone() }
      #expect(server.record.requests.count == 1)
      #expect(server.record.requests.first?.contains("Authorization: Bearer s3cret") == true)
    }
  }

  @Test(
    "is not needed on this machine; anywhere else the token takes one, or a configuration that says otherwise",
    arguments: [
      ("http://127.0.0.1:8000", true), ("http://localhost", true), ("http://[::1]:8000", true), ("https://progress.example.com", true),
      ("http://progress.example.com", false), ("http://192.0.2.1", false), ("http://127.0.0.1.example.com", false),
      ("http://localhost.example.com", false), ("http://0.0.0.0", false), ("http://[2001:db8::1]", false), ("HTTP://192.0.2.1", false),
    ])
  func clearText(url: String, isAllowed: Bool) async throws {
    let machine = try Workstation()
    machine.proxyPort = 8000  // The environment says otherwise.
    let token = machine.directory.appending(path: "token")
    try Data("s3cret\n".utf8).write(to: token)
    try machine.configure("api.token_file: \(token.path)")
    func check(_ more: String...) async throws -> (status: Int32, words: String) {
      let arguments = ["--config", machine.configurationFile.path, "--check"] + more
      return try await RunningProgram.run("progress-syncd", arguments, environment: ["PROGRESS_SYNC_API_BASE_URL": url])
    }
    let checked = try await check()
    #expect(checked.status == (isAllowed ? 0 : 78), "\(checked.words)")
    guard !isAllowed else { return }
    let lines = checked.words.split(separator: "\n").filter { $0.contains("token") }
    #expect(lines.count == 1 && lines[0].contains("would be readable on the way to"), "\(checked.words)")
    #expect(!checked.words.contains("s3cret"))
    let permitted = try await check("--set", "api.allow_cleartext_token=true")
    #expect(permitted.status == 0, "\(permitted.words)")
  }
}
