import ProgressModel
import SyncPolicy
import TestSupport
import Testing

@testable import APIClient

@Suite("Whose token a request carries")
struct AccountTests {
  private static func settings(port: Int) throws -> APIClientSettings {
    var settings = try APIClientSettings(port: port)
    settings.token = try BearerToken("common")
    settings.userTokens = [
      1_001: .usable(try BearerToken("alice")), 1_002: .usable(try BearerToken("bob")), 1_003: .unusable(reason: "token_carol is empty"),
    ]
    return settings
  }

  @Test("is that of its account, on connections that all share")
  func authorization() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      try await withClient(Self.settings(port: server.port)) { client in
        for account in [Account.common, .user(1_001), .user(1_002), .user(1_001), .common] {
          #expect(await client.deliver(call(), for: account) == .delivered)
        }
      }
      let record = server.record
      #expect(record.requests.map(\.token) == ["common", "alice", "bob", "alice", "common"])
      #expect(record.connections == 1)
    }
  }

  @Test(
    "is nobody else's: without a usable one of his own, nothing is sent for a user",
    arguments: [(1_003, "token_carol is empty"), (1_004, "there is no token of user 1004")] as [(UInt32, String)])
  func missing(user: UInt32, reason: String) async throws {
    try await ScriptedServer.run([.answer()]) { server in
      try await withClient(Self.settings(port: server.port)) { client in
        #expect(await client.deliver(call(), for: .user(user)) == .unauthorized(status: 401, reason: reason))
      }
      #expect(server.record.connections == 0)
    }
  }

  @Test("is none for the common account where none is set, whoever else has one")
  func withoutCommonToken() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      var settings = try Self.settings(port: server.port)
      settings.token = nil
      try await withClient(settings) { client in
        #expect(await client.deliver(call(), for: .common) == .delivered)
        #expect(await client.deliver(call(), for: .user(1_002)) == .delivered)
      }
      #expect(server.record.requests.map(\.token) == [nil, "bob"])
    }
  }

  @Test("travels in clear text only where that is allowed, a user's like the common one")
  func clearText() throws {
    let url = try APIBaseURL("http://progress.example.com")
    var settings = APIClientSettings(baseURL: url)
    settings.userTokens = [1_001: .unusable(reason: "token_alice is empty")]
    #expect(!settings.exposesToken)
    settings.userTokens[1_002] = .usable(try BearerToken("bob"))
    #expect(settings.exposesToken)
    #expect(throws: APIClientError.tokenInClearText(url)) { try APIClient(settings, version: "1") }
  }

  @Test("never shows when the settings are printed")
  func hidden() throws {
    let settings = try Self.settings(port: 80)
    var dumped = ""
    dump(settings, to: &dumped)
    for token in ["common", "alice", "bob"] { #expect(!"\(settings)\(String(reflecting: settings))\(dumped)".contains(token)) }
  }
}

extension String {
  /// The bearer token of a request.
  fileprivate var token: String? { firstMatch(of: /Authorization: Bearer ([^\r\n]*)/).map { String($0.1) } }
}
