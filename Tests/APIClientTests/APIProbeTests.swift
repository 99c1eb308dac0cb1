import Foundation
import ProgressModel
import TestSupport
import Testing

@testable import APIClient

@Suite("The probe of an API")
struct APIProbeTests {
  private func ask(_ settings: APIClientSettings) async throws -> Result<APIProbe.Answer, APIProbe.Failure> {
    let program = try #require(ProgramID("p1"))
    return try await APIProbe.with(settings, version: "1.2.3") { probe in
      do throws(APIProbe.Failure) {
        return .success(try await probe.progress(of: program) { halfPastThree })
      } catch {
        return .failure(error)
      }
    }
  }

  @Test("asks once, harmlessly, and tells all that the answer says of who gave it")
  func answer() async throws {
    let headers = "Content-Type: Text/HTML; charset=utf-8\r\nDate: Wed, 28 Jan 2026 15:30:00 GMT\r\nLocation: /login\r\n"
    let response = "HTTP/1.1 302 Found\r\n\(headers)Content-Length: 6\r\n\r\n<html>"
    try await ScriptedServer.run([.send(response)]) { server in
      let answer = try await ask(try APIClientSettings(port: server.port)).get()
      #expect(
        answer
          == APIProbe.Answer(
            status: 302, contentType: "text/html", location: "/login", date: "Wed, 28 Jan 2026 15:30:00 GMT", body: Array("<html>".utf8)))
      #expect(server.record.requests.count == 1)
      #expect(server.record.requests.first?.hasPrefix("GET /api/progress/p1 HTTP/1.1\r\n") == true)
    }
  }

  @Test(
    "gives up on a server that says nothing, or drips for ever, when its time is over",
    arguments: [[], [.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), ScriptedServer.Step.drip]])
  func silent(steps: [ScriptedServer.Step]) async throws {
    try await ScriptedServer.run(steps) { server in
      let answer = try await ask(try APIClientSettings(port: server.port, timeout: .milliseconds(300)))
      #expect(answer == .failure(.init(reason: TransportFailure.timeout(after: .milliseconds(300)))))
    }
  }

  @Test("says why nobody could be asked")
  func refused() async throws {
    var port = 0
    try await ScriptedServer.run([.answer()]) { port = $0.port }
    #expect(try await ask(try APIClientSettings(port: port)) == .failure(.init(reason: "127.0.0.1:\(port) refused the connection")))
  }

  @Test("tells until when the server's certificates are valid, and nothing where there are none", arguments: [1, 90])
  func certificates(days: Int) async throws {
    let authority = try CertificateAuthority()
    defer { authority.remove() }
    let context = try authority.server(names: "IP:127.0.0.1", validity: .days(days))
    // The server presents its own certificate, not the authority's.
    let expected = Date.now.timeIntervalSince1970 + Double(days) * 86_400
    try await ScriptedServer.run([.answer()], tls: context) { server in
      let expiry = try await APIProbe.with(try APIClientSettings(port: server.port, scheme: "https"), version: "1") { probe in
        await probe.certificatesExpireAt()
      }
      let seconds = Double(try #require(expiry).milliseconds) / 1_000
      #expect(abs(seconds - expected) < 3_600, "\(seconds - expected)")
      let plain = try await APIProbe.with(try APIClientSettings(port: server.port), version: "1") { await $0.certificatesExpireAt() }
      #expect(plain == nil)
    }
  }

  @Test("finds the addresses of this machine by its name, and says that a name is none")
  func addresses() async throws {
    let addresses = try await APIProbe.addresses(of: "localhost", within: .seconds(60))
    #expect(!addresses.isEmpty && addresses.allSatisfy { ["127.0.0.1", "::1"].contains($0) }, "\(addresses)")
    // Longer than a part of a name may be (RFC 1035, section 2.3.4), so that no server is asked for it.
    let impossible = String(repeating: "x", count: 64)
    await #expect(throws: APIProbe.Failure.self) { _ = try await APIProbe.addresses(of: impossible, within: .seconds(60)) }
  }
}
