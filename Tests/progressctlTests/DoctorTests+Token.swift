import APIClient
import ControlClient
import ControlProtocol
import Foundation
import ProgressModel
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

/// What it makes of the API, of tokens and of certificates.
extension DoctorTests {
  @Test(
    "a progress API is known from a web page, another server and a network that wants a log-in",
    arguments: [
      (200, "application/json", #"{"program_id":"x","logs":[]}"#, .ok), (404, "application/json", #"{"detail":"Program not found"}"#, .ok),
      (404, "application/json", #"{"detail":"Not Found"}"#, .problem), (404, "text/plain", "404", .problem),
      (200, "text/html", "<html>", .problem), (200, nil, " <!doctype html>", .problem), (200, "application/json", "{}", .problem),
      (302, nil, "", .problem), (500, nil, "", .problem), (503, "text/html", "<html>", .problem), (429, nil, "", .warning),
      (401, "application/json", "{}", .ok), (403, "text/html", "<html>", .problem), (405, nil, "", .problem), (418, nil, "", .problem),
    ] as [(Int, String?, String, Diagnosis.Verdict)])
  func api(status: Int, contentType: String?, body: String, verdict: Diagnosis.Verdict) throws {
    let answer = APIProbe.Answer(status: status, contentType: contentType, body: Array(body.utf8))
    let found = APIFindings(url: try APIBaseURL("https://a.example"), answer: .success(answer), hasToken: false)
    #expect(Self.patient().diagnoseAPI(found, endpoint: nil).map(\.verdict) == [verdict])
  }

  @Test(
    "a token is judged by the answer, or by the daemon's word where the caller may not read it",
    arguments: [
      (200, true, nil, .readable("/t", permissions: 0o600), [.ok]), (401, true, nil, .readable("/t", permissions: 0o600), [.problem]),
      (200, true, nil, .readable("/t", permissions: 0o644), [.warning, .ok]), (401, false, nil, .hidden("/t"), [.unknown]),
      (401, false, .reachable, .hidden("/t"), [.ok]), (200, false, .held, .hidden("/t"), [.problem]),
      (200, false, nil, .none, [.ok]), (200, false, nil, .unusable("/t", reason: "is empty"), [.problem]),
    ] as [(Int, Bool, EndpointReport.State?, TokenFindings, [Diagnosis.Verdict])])
  func token(status: Int, hasToken: Bool, state: EndpointReport.State?, token: TokenFindings, verdicts: [Diagnosis.Verdict]) throws {
    let found = try Self.findings(status, body: Self.progress, hasToken: hasToken, answersAnybody: hasToken ? false : nil)
    let endpoint = state.map { EndpointReport(state: $0) }
    #expect(Self.patient().diagnoseToken(token, found, endpoint: endpoint).map(\.verdict) == verdicts)
  }

  @Test(
    "a token that others can read becomes that of the daemon's user in the same breath, who is named; a credential stays root's",
    arguments: [
      ("/t", 1000, 0, "sudo chown root /t && sudo chmod 600 /t"), ("/t", 0, 0, "sudo chmod 600 /t"), ("/t", 1000, nil, "sudo chmod 600 /t"),
      ("/etc/credstore/progress-sync.api-token", 1, 0, "sudo chmod 600 /etc/credstore/progress-sync.api-token"),
    ] as [(String, UInt32, UInt32?, String)])
  func exposedToken(path: String, owner: UInt32, daemonUser: UInt32?, fix: String) throws {
    let found = try Self.findings(200, body: Self.progress, hasToken: true, answersAnybody: false)
    let token = TokenFindings.readable(FilePath(path), permissions: 0o644, owner: owner)
    let diagnoses = Self.patient().diagnoseToken(token, found, endpoint: nil, daemonUser: daemonUser)
    #expect(diagnoses.map(\.fix) == [fix, nil])
  }

  @Test("so does one of a user, unless systemd hands it over")
  func exposedUserToken() {
    func fix(_ directory: FilePath) -> String? {
      let user = UserTokensFindings.User(user: 1_001, name: "alice", file: "/t/token_alice", permissions: 0o644, owner: 1_001)
      let found = UserTokensFindings(directory: directory, users: [user])
      return Self.patient().diagnoseUserTokens(found, answersAnybody: nil, accounts: [], daemonUser: 0).compactMap(\.fix).first
    }
    #expect(fix("/t") == "sudo chown root /t/token_alice && sudo chmod 600 /t/token_alice")
    #expect(fix(UserTokenPlace.credentialSource) == "sudo chmod 600 /t/token_alice")
  }

  private static let progress = #"{"program_id":"x","logs":[]}"#

  private static func findings(
    _ status: Int, contentType: String? = nil, body: String = "", hasToken: Bool, answersAnybody: Bool? = nil
  ) throws -> APIFindings {
    let answer = APIProbe.Answer(status: status, contentType: contentType, body: Array(body.utf8))
    return APIFindings(
      url: try APIBaseURL("https://a.example"), answer: .success(answer), hasToken: hasToken, answersAnybody: answersAnybody)
  }

  @Test(
    "an answer that no progress API gives to who asks tells nothing of the token",
    arguments: [
      (429, nil, ""), (500, nil, ""), (302, nil, ""), (200, "text/html", "<html>"), (404, nil, ""), (409, nil, ""),
      (401, "text/html", "<html>"), (200, nil, "{}"),
    ] as [(Int, String?, String)], [true, false])
  func nothingOfTheToken(answer: (Int, String?, String), hasToken: Bool) throws {
    let found = try Self.findings(answer.0, contentType: answer.1, body: answer.2, hasToken: hasToken)
    let token = TokenFindings.readable("/t", permissions: 0o600)
    #expect(Self.patient().diagnoseToken(token, found, endpoint: nil).map(\.verdict) == [.unknown])
    #expect(Self.patient().diagnoseToken(token, found, endpoint: EndpointReport(state: .reachable)).map(\.verdict) == [.ok])
  }

  @Test("an API that answers anybody wants no token, whoever asks")
  func openAPI() throws {
    for found in [
      try Self.findings(200, body: Self.progress, hasToken: true, answersAnybody: true),
      try Self.findings(200, body: Self.progress, hasToken: false),
    ] {
      let token = TokenFindings.readable("/t", permissions: 0o600)
      #expect(Self.patient().diagnoseToken(token, found, endpoint: nil) == [.ok(.token, "the API wants none")])
    }
    let unsaid = try Self.findings(200, body: Self.progress, hasToken: true)
    #expect(Self.patient().diagnoseToken(.none, unsaid, endpoint: nil).map(\.verdict) == [.unknown])
  }

  @Test("a daemon with a configuration of its own is told to read it by progressctl, as no unit is its own")
  func reload() throws {
    let found = try Self.findings(405, hasToken: false)
    expect(Self.patient(isNamed: true).diagnoseAPI(found, endpoint: nil), [.problem], "progressctl reload")
    expect(Self.patient().diagnoseAPI(found, endpoint: nil), [.problem], "systemctl reload")
  }

  @Test("a user's service that the API wants a token of, and has none, is told where to put it")
  func missingToken() throws {
    let found = APIFindings(url: try APIBaseURL("https://a.example"), answer: .success(.init(status: 401)), hasToken: false)
    expect(Self.patient(kind: .user).diagnoseToken(.none, found, endpoint: nil), [.problem], "api.token_file")
  }

  @Test(
    "the token of each user is judged by the API's answer to it, and where the caller may not read them by the daemon's word",
    arguments: [
      (200, nil, 0o600, nil, [.ok], nil), (401, nil, 0o600, nil, [.problem], "put a valid token into /t/token_alice"),
      (200, nil, 0o644, nil, [.warning, .ok], "chmod 600 /t/token_alice"), (500, nil, 0o600, nil, [.unknown], nil),
      (500, nil, 0o600, .held, [.problem], "mend it"), (200, nil, 0o600, .held, [.warning], "progressctl flush"),
      (200, true, 0o600, nil, [.ok], nil),
    ] as [(Int, Bool?, UInt32, AccountReport.State?, [Diagnosis.Verdict], String?)])
  func userToken(
    status: Int, isForAnybody: Bool?, permissions: UInt32, state: AccountReport.State?, verdicts: [Diagnosis.Verdict], fix: String?
  ) {
    let user = UserTokensFindings.User(
      user: 1_001, name: "alice", file: "/t/token_alice", permissions: permissions,
      answer: .success(APIProbe.Answer(status: status, body: Array(Self.progress.utf8))))
    let accounts = state.map { [AccountReport(uid: 1_001, user: "alice", state: $0, remedy: "mend it")] } ?? []
    let found = UserTokensFindings(directory: "/t", users: [user])
    expect(Self.patient().diagnoseUserTokens(found, answersAnybody: isForAnybody, accounts: accounts), verdicts, fix)
  }

  @Test("users who are held without a file, or whose files the caller may not read, are known from the daemon")
  func userTokensByTheDaemon() {
    let accounts = [
      AccountReport(uid: 1_001, user: "alice", state: .held, reason: "no token", remedy: "mend it"),
      AccountReport(uid: 1_002, user: "bob", state: .open),
    ]
    expect(Self.patient().diagnoseUserTokens(UserTokensFindings(), answersAnybody: nil, accounts: accounts), [.problem], "mend it")
    let hidden = UserTokensFindings(directory: "/t", isHidden: true)
    expect(Self.patient().diagnoseUserTokens(hidden, answersAnybody: nil, accounts: accounts), [.problem, .ok], "mend it")
    expect(Self.patient().diagnoseUserTokens(hidden, answersAnybody: nil, accounts: []), [], nil)
    let unusable = UserTokensFindings(directory: "/t", problems: [.init(user: 1_001, description: "/t/token_alice is empty")])
    expect(Self.patient().diagnoseUserTokens(unusable, answersAnybody: nil, accounts: accounts), [.problem], "mend or remove it")
  }

  @Test("files that systemd refuses are problems of the service's start, and those that it passes over are told")
  func credentials() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data("x".utf8).write(to: directory.appending(path: "a:b"))
    try FileManager.default.createSymbolicLink(atPath: directory.appending(path: "c").path, withDestinationPath: "a:b")
    let found = UserTokensFindings(
      directory: UserTokenPlace.credentialSource, credentials: try TokenCredentials(in: FilePath(directory.path)))
    let diagnoses = Self.patient().diagnoseUserTokens(found, answersAnybody: nil, accounts: [])
    #expect(
      diagnoses.map(\.verdict) == [.problem, .warning] && diagnoses.allSatisfy { $0.fix?.contains("restart progress-syncd") == true })
    #expect(
      diagnoses.first?.message
        == "\(directory.path)/a:b has a ':' in its name: systemd refuses it, and the service does not start (243/CREDENTIALS)")
  }

  @Test("certificates are judged by their end, and by why they were refused")
  func certificates() throws {
    let url = try APIBaseURL("https://a.example")
    func verdicts(_ seconds: Int?, _ answer: Result<APIProbe.Answer, APIProbe.Failure>) -> [Diagnosis.Verdict] {
      let found = APIFindings(url: url, certificatesExpireAt: seconds.map { start + .seconds($0) }, answer: answer, hasToken: false)
      return Self.patient().diagnoseTLS(found, now: start).map(\.verdict)
    }
    #expect(verdicts(90 * 86_400, .success(.init(status: 200))) == [.ok])
    #expect(verdicts(86_400, .success(.init(status: 200))) == [.warning])
    #expect(verdicts(nil, .failure(.init(reason: "the certificate of a.example:443 expired at …"))) == [.problem])
    #expect(verdicts(nil, .failure(.init(reason: "a.example:443 refused the connection"))) == [.unknown])
    let plain = APIFindings(url: try APIBaseURL("http://127.0.0.1:1"), hasToken: false)
    #expect(Self.patient().diagnoseTLS(plain, now: start).isEmpty)
  }
}
