import Foundation
import ProgressModel
import SyncPolicy
import TestSupport
import Testing

@testable import APIClient

@Suite("HTTPS")
struct TLSTests {
  @Test("A server of a trusted authority is delivered to, by name and by address", arguments: ["localhost", "127.0.0.1"])
  func trusted(host: String) async throws {
    let outcome = try await outcome(host: host, names: "DNS:localhost,IP:127.0.0.1")
    #expect(outcome == .delivered)
  }

  @Test("A certificate for another name is refused as such", arguments: ["localhost", "127.0.0.1"])
  func wrongName(host: String) async throws {
    let outcome = try await outcome(host: host, names: "DNS:progress.example.com")
    #expect(outcome.unreachableReason?.hasSuffix("is for another name") == true, "\(outcome)")
  }

  @Test("An expired certificate is refused as such")
  func expired() async throws {
    let outcome = try await outcome(names: "DNS:localhost", days: -1)
    #expect(
      outcome.unreachableReason?.contains(/^the certificate of localhost:\d+ expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) == true,
      "\(outcome)")
  }

  @Test("A certificate from the future is refused with a hint at the clock")
  func notYetValid() async throws {
    let outcome = try await outcome(names: "DNS:localhost", trusting: false, now: { halfPastThree - .seconds(86_400 * 365) })
    #expect(outcome.unreachableReason?.hasSuffix("; is this machine's clock right?") == true, "\(outcome)")
  }

  @Test("A handshake that the server breaks off is said to be cut short")
  func brokenHandshake() async throws {
    try await ScriptedServer.run([], greeting: [.close]) { server in
      try await withClient(APIClientSettings(port: server.port, scheme: "https")) { client in
        let reason = "127.0.0.1:\(server.port) closed the connection before its answer was complete"
        #expect(await client.deliver(call()) == .unreachable(reason: reason))
      }
    }
  }

  @Test("A TLS that the server will not speak is named by its code")
  func alert() async throws {
    // A fatal alert: protocol_version, RFC 8446, section 6.
    try await ScriptedServer.run([], greeting: [.send("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}")]) { server in
      try await withClient(APIClientSettings(port: server.port, scheme: "https")) { client in
        let reason = "127.0.0.1:\(server.port): TLS failed: TLSV1_ALERT_PROTOCOL_VERSION"
        #expect(await client.deliver(call()) == .unreachable(reason: reason))
      }
    }
  }

  @Test("A certificate from an authority that is not trusted is refused as such")
  func unknownIssuer() async throws {
    let outcome = try await outcome(names: "DNS:localhost", trusting: false)
    let expected = /^the certificate of localhost:\d+ is from no authority that this machine trusts; api.ca_file can name one$/
    #expect(outcome.unreachableReason?.contains(expected) == true, "\(outcome)")
  }

  @Test("A certificate from another authority than the one that is configured is refused with the name of its file")
  func otherIssuer() async throws {
    let other = try CertificateAuthority()
    defer { other.remove() }
    let outcome = try await outcome(names: "DNS:localhost", other: other)
    let expected = "is from no authority in \(other.file) (api.ca_file)"
    #expect(outcome.unreachableReason?.hasSuffix(expected) == true, "\(outcome)")
  }

  @Test("A body cut short is not a delivery over TLS either")
  func cutShort() async throws {
    let reply: [ScriptedServer.Step] = [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), .reset]
    let outcome = try await outcome(names: "DNS:localhost", reply: reply)
    #expect(outcome.unreachableReason?.hasSuffix("closed the connection before its answer was complete") == true, "\(outcome)")
  }

  @Test("A server without TLS is named as such")
  func noTLS() async throws {
    try await ScriptedServer.run([], greeting: [.send("HTTP/1.1 400 Bad Request\r\n\r\n")]) { server in
      try await withClient(APIClientSettings(port: server.port, scheme: "https")) { client in
        let reason = "127.0.0.1:\(server.port) does not speak TLS; does it want http:// instead of https://?"
        #expect(await client.deliver(call()) == .unreachable(reason: reason))
      }
    }
  }

  @Test("A handshake that never ends is bounded by the time limit")
  func silentHandshake() async throws {
    try await ScriptedServer.run([]) { server in
      try await withClient(APIClientSettings(port: server.port, scheme: "https", timeout: .milliseconds(300))) { client in
        #expect(await client.deliver(call()) == .unreachable(reason: "no whole answer within 300 ms"))
      }
    }
  }

  @Test("A file of authorities that cannot be used is refused at the start", arguments: [nil, "", "not a certificate\n"])
  func unusableFile(content: String?) throws {
    let path = URL.temporaryDirectory.appending(path: "progress-sync-test.\(UUID()).pem").path
    try content?.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }  // It may not be there, as the test wants.
    let settings = APIClientSettings(baseURL: try APIBaseURL("https://example.com"), certificateAuthorityFile: path)
    let problem = content == nil ? "cannot be read (No such file or directory)" : "holds no certificate, or one that is damaged"
    #expect(throws: APIClientError.certificateAuthorities(path: path, problem: problem)) { try APIClient(settings, version: "1") }
  }

  private func outcome(
    host: String = "localhost", names: String, days: Int = 1, trusting: Bool = true, other: CertificateAuthority? = nil,
    reply: [ScriptedServer.Step] = [.answer()],
    now: @escaping @Sendable () -> Timestamp = { .now }
  ) async throws -> DeliveryOutcome {
    let authority = try CertificateAuthority()
    defer { authority.remove() }
    var result = DeliveryOutcome.unreachable(reason: "the test did not get that far")
    try await ScriptedServer.run(reply, tls: authority.server(names: names, validity: .days(days))) { server in
      var settings = try APIClientSettings(port: server.port, scheme: "https", host: host)
      settings.certificateAuthorityFile = trusting ? (other ?? authority).file : nil
      try await withClient(settings) { client in
        result = await client.deliver(call(), for: .common, idempotencyKey: "key-1", now: now)
      }
    }
    return result
  }
}

extension Timestamp {
  fileprivate static var now: Timestamp { Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000)) }
}

extension DeliveryOutcome {
  /// The reason when no whole answer came.
  var unreachableReason: String? {
    if case .unreachable(let reason) = self { reason } else { nil }
  }
}
