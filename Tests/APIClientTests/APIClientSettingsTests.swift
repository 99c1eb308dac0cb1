import Testing

@testable import APIClient

@Suite("API client settings")
struct APIClientSettingsTests {
  @Test(
    "A base URL is taken apart",
    arguments: [
      ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1", 8000),
      ("https://progress.example.com", "https://progress.example.com", "progress.example.com", 443),
      ("HTTP://example.com//", "http://example.com", "example.com", 80),
      ("https://example.com:8443/training/v1/", "https://example.com:8443/training/v1", "example.com", 8443),
      ("http://[::1]:8000", "http://[::1]:8000", "::1", 8000),
    ])
  func baseURL(text: String, kept: String, host: String, port: Int) throws {
    let url = try APIBaseURL(text)
    #expect((url.text, url.host, url.port) == (kept, host, port))
  }

  @Test(
    "A base URL that cannot be one is refused with the reason",
    arguments: [
      ("", "is not a URL"),
      ("example.com", "must begin with http:// or https://"),
      ("localhost:8000", "must begin with http:// or https://"),
      ("ftp://example.com", "must begin with http:// or https://"),
      ("http+unix://%2Frun%2Fapi.sock", "must begin with http:// or https://"),
      ("http://", "has no host"),
      ("http:///api", "has no host"),
      ("http://exa mple.com", "is not a URL"),
      ("http://example.com/ü", "is not a URL"),
      ("https://example.com?x=1", "must end with its path: no ? and no #"),
      ("https://example.com/#top", "must end with its path: no ? and no #"),
      ("https://example.com:0", "has a port that is not within 1 to 65535"),
      ("https://example.com:65536", "has a port that is not within 1 to 65535"),
    ])
  func notABaseURL(text: String, problem: String) {
    #expect(throws: APIClientError.baseURL(text, problem: problem)) { try APIBaseURL(text) }
  }

  @Test("A password in a base URL is refused without showing it")
  func password() {
    let problem = "must not hold a user or password, but a token can be set"
    #expect(throws: APIClientError.baseURL("https://…@example.com", problem: problem)) { try APIBaseURL("https://me:secret@example.com/x") }
  }

  @Test(
    "Loopback is what cannot leave the machine, and not what only looks like it",
    arguments: [
      ("127.0.0.1", true), ("127.8.9.10", true), ("[::1]", true), ("localhost", true), ("LOCALHOST", true),
      ("127.0.0.1.example.com", false), ("localhost.example.com", false), ("10.0.0.1", false), ("[::]", false), ("0.0.0.0", false),
      ("[::ffff:127.0.0.1]", false), ("example.com", false),
    ])
  func loopback(host: String, isLoopback: Bool) throws {
    #expect(try APIBaseURL("http://\(host)").isLoopback == isLoopback)
  }

  @Test("A token is one visible line", arguments: ["", " ", "a b", "a\n", "a\r\nX-Evil: 1", "ä", "\u{7f}"])
  func token(text: String) {
    #expect(throws: APIClientError.token) { try BearerToken(text) }
  }

  @Test("A token never shows when the settings are printed")
  func hiddenToken() throws {
    let settings = APIClientSettings(baseURL: try APIBaseURL("https://example.com"), token: try BearerToken("s3cret"))
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!"\(settings)\(String(reflecting: settings))".contains("s3cret"))
    #expect(!dumped.contains("s3cret"))
  }

  @Test("A token is not sent in clear text over a network, unless that is allowed")
  func clearText() async throws {
    let url = try APIBaseURL("http://progress.example.com")
    var settings = APIClientSettings(baseURL: url, token: try BearerToken("s3cret"))
    #expect(settings.exposesToken)
    #expect(throws: APIClientError.tokenInClearText(url)) { try APIClient(settings, version: "1") }
    settings.allowsClearTextToken = true
    await (try APIClient(settings, version: "1")).shutdown()
  }

  @Test("A token is exposed neither by TLS nor on this machine", arguments: ["https://progress.example.com", "http://127.0.0.1:8000"])
  func notExposed(url: String) throws {
    #expect(!APIClientSettings(baseURL: try APIBaseURL(url), token: try BearerToken("s3cret")).exposesToken)
    #expect(!APIClientSettings(baseURL: try APIBaseURL("http://progress.example.com")).exposesToken)
  }

  @Test(
    "Each error is one line that says what to do",
    arguments: [
      (.token, "the token must be one line of visible ASCII characters without spaces"),
      (.baseURL("x", problem: "has no host"), #""x" has no host; write it like https://progress.example.com"#),
      (
        .certificateAuthorities(path: "/ca.pem", problem: "holds no certificate"),
        "/ca.pem holds no certificate; it must hold certificates in PEM form"
      ),
    ] as [(APIClientError, String)])
  func descriptions(error: APIClientError, text: String) {
    #expect(error.description == text)
  }
}
