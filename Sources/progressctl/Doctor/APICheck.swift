import APIClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import SystemPackage

/// What came of asking the API.
struct APIFindings: Hashable {
  var url: APIBaseURL
  /// nil: not asked, as the host is an address already.
  var addresses: Result<[String], APIProbe.Failure>?
  /// Until when the server's certificates are valid; nil when that is not known.
  var certificatesExpireAt: Timestamp?
  /// nil: not asked, as no client can be made of the settings.
  var answer: Result<APIProbe.Answer, APIProbe.Failure>?
  /// Whether the question carried the daemon's token.
  var hasToken: Bool
  /// Whether the same question is answered without a token; nil when that was not asked.
  var answersAnybody: Bool?

  /// Whether the API is known to answer whoever asks.
  var isForAnybody: Bool? {
    guard !hasToken, case .success(let answer)? = answer else { return answersAnybody }
    return answer.kind == .progressAPI
  }
}

/// What can be seen of the token.
enum TokenFindings: Hashable {
  /// None is configured, and none is known to be loaded as a credential.
  case none
  case readable(FilePath, permissions: UInt32, owner: UInt32 = 0)
  /// The caller may not read it, as it should be.
  case hidden(FilePath)
  case unusable(FilePath, reason: String)
}

extension Patient {
  func diagnoseName(_ found: APIFindings) -> [Diagnosis] {
    switch found.addresses {
    case nil: []
    case .success(let addresses)?: [.ok(.dns, "\(found.url.host) is \(addresses.uniqued.joined(separator: ", "))")]
    case .failure(let failure)?:
      [
        .problem(
          .dns, "\(found.url.host) has no address: \(failure.reason)",
          fix: "check the network, and api.base_url (\(found.url)); getent ahosts \(found.url.host) asks again")
      ]
    }
  }

  func diagnoseTLS(_ found: APIFindings, now: Timestamp) -> [Diagnosis] {
    guard found.url.scheme == .https else {
      return found.url.isLoopback ? [] : [.warning(.tls, "\(found.url) is not encrypted", fix: "set api.base_url to an https address")]
    }
    if case .failure(let failure)? = found.answer, failure.reason.contains("certificate") || failure.reason.contains("TLS") {
      let trust = configuration.api.caFile.map { "put its authority's into \($0)" } ?? "name its authority in api.ca_file"
      return [.problem(.tls, failure.reason, fix: "renew the server's certificate, or \(trust)")]
    }
    guard let expiry = found.certificatesExpireAt, case .success? = found.answer else {
      return [.unknown(.tls, "the certificates of \(found.url.authority) could not be had")]
    }
    if expiry - now < .seconds(14 * 86_400) {
      return [.warning(.tls, "a certificate of \(found.url.authority) expires at \(expiry)", fix: "have the server's certificate renewed")]
    }
    return [.ok(.tls, "\(found.url.authority) is trusted, until \(expiry)")]
  }

  /// - Parameters:
  ///   - endpoint: How the API stands in the daemon's eyes; nil when it was not asked.
  ///   - daemonUser: nil where it cannot be seen.
  func diagnoseToken(
    _ token: TokenFindings, _ found: APIFindings, endpoint: EndpointReport?, daemonUser: UInt32? = nil
  ) -> [Diagnosis] {
    if case .unusable(let path, let reason) = token {
      return [
        .problem(
          .token, "\(path) \(reason)",
          fix: "put the token there on one line, then \(path == UserTokenPlace.commonCredentialSource ? restart : reload)")
      ]
    }
    var diagnoses: [Diagnosis] = []
    // One that the daemon does not see has to go elsewhere first.
    if case .readable(let path, let permissions, let owner) = token, permissions & 0o077 != 0, sandbox.place(hiding: path) == nil {
      // systemd reads a credential's source itself.
      let reader = path == UserTokenPlace.commonCredentialSource ? owner : daemonUser
      diagnoses.append(
        .warning(
          .token, "\(path) can be read by others: mode \(String(permissions, radix: 8))", fix: howToClose(path, of: owner, to: reader)))
    }
    return diagnoses + [diagnoseAcceptance(token, found, endpoint: endpoint)]
  }

  private func diagnoseAcceptance(_ token: TokenFindings, _ found: APIFindings, endpoint: EndpointReport?) -> Diagnosis {
    let newToken = "put a valid token into \(tokenPlace(token))"
    if let endpoint, endpoint.state == .held {
      let reason = endpoint.reason.map { ": \($0)" } ?? ""
      return .problem(.token, "the API does not accept the daemon\(reason)", fix: newToken)
    }
    guard case .success(let answer)? = found.answer else { return diagnoseAcceptance(by: endpoint, "it could not be asked") }
    switch (answer.kind, found.hasToken) {
    case (.refusal, true): return .problem(.token, "the API refuses the token with status \(answer.status)", fix: newToken)
    case (.refusal, false):
      if endpoint?.state == .reachable { return .ok(.token, "the API wants a token, and accepts the daemon's") }
      if case .none = token, kind == .user || isNamed {
        return .problem(.token, "the API wants a token, and none is configured", fix: newToken)
      }
      return .unknown(.token, "the API wants a token; whether it accepts the daemon's", fix: askAsRoot)
    case (.progressAPI, true) where found.answersAnybody == false: return .ok(.token, "the API accepts the token")
    case (.progressAPI, true) where found.answersAnybody == nil:
      return .unknown(.token, "whether the API looks at the token: it did not say what it answers without one")
    case (.progressAPI, _): return .ok(.token, "the API wants none")
    case (.pause, _), (.failing, _), (.redirect, _), (.webPage, _), (.noSuchCall, _), (.somethingElse, _):
      return diagnoseAcceptance(by: endpoint, "its answer does not tell (status \(answer.status))")
    }
  }

  /// By the daemon's word, where its own question has told nothing.
  private func diagnoseAcceptance(by endpoint: EndpointReport?, _ obstacle: String) -> Diagnosis {
    endpoint?.state == .reachable
      ? .ok(.token, "the API accepts the daemon") : .unknown(.token, "whether the API accepts the daemon: \(obstacle)")
  }

  private func tokenPlace(_ token: TokenFindings) -> String {
    let credential = UserTokenPlace.commonCredentialSource
    switch token {
    case .readable(let path, _, _) where path != credential, .hidden(let path) where path != credential,
      .unusable(let path, _) where path != credential:
      return "\(path); it is taken over at once"
    case .none where kind == .user || isNamed: return "a file, name it in api.token_file, then \(reload)"
    case .readable, .hidden, .unusable, .none: return "\(credential), then \(sudo)systemctl restart progress-syncd"
    }
  }

  /// Whether what answers is a progress API.
  func diagnoseAPI(_ found: APIFindings, endpoint: EndpointReport?) -> [Diagnosis] {
    let (url, baseURL) = (found.url, "check api.base_url (\(found.url)), then \(reload)")
    switch found.answer {
    case nil: return [.unknown(.api, "\(url) was not asked")]
    case .failure(let failure)?:
      return [
        .problem(
          .api, "\(url): \(failure.reason)", fix: "start the API or mend the network; the daemon goes on trying, and nothing is lost")
      ]
    case .success(let answer)?:
      switch answer.kind {
      case .progressAPI: return [.ok(.api, "\(url) answers as a progress API does")]
      case .refusal: return [.ok(.api, "\(url) answers, and wants to know who asks")]
      case .pause:
        return [.warning(.api, "\(url) asks for fewer requests (status \(answer.status))", fix: "wait; the daemon does")]
      case .failing:
        return [.problem(.api, "\(url) answers with status \(answer.status)", fix: "see the API's own log; the daemon goes on trying")]
      case .redirect:
        let target = answer.location.map { " to \($0.maskingUserInfo)" } ?? ""
        return [.problem(.api, "\(url) redirects\(target)", fix: "log in to the network if it wants that, or " + baseURL)]
      case .webPage:
        return [.problem(.api, "\(url) answers with a web page", fix: "log in to the network if it wants that, or " + baseURL)]
      case .noSuchCall: return [.problem(.api, "there is a server at \(url), but no progress API (status \(answer.status))", fix: baseURL)]
      case .somethingElse: return [.problem(.api, "\(url) does not answer as a progress API does (status \(answer.status))", fix: baseURL)]
      }
    }
  }
}

extension APIProbe.Answer {
  /// What an answer to the question for a program's progress says of who gave it.
  enum Kind {
    case progressAPI
    /// It wants a token, or another one.
    case refusal
    case pause
    case failing
    case redirect
    case webPage
    case noSuchCall
    case somethingElse
  }

  var kind: Kind {
    switch status {
    case 300..<400: return .redirect
    case 401, 403: return isWebPage ? .webPage : .refusal
    case 429: return .pause
    case 500...: return .failing
    case _ where isWebPage: return .webPage
    case 200: return json?["logs"] != nil && json?["program_id"] != nil ? .progressAPI : .somethingElse
    // A framework that knows no such path has words of its own.
    case 404: return json?["detail"] == .string("Program not found") ? .progressAPI : .noSuchCall
    case 405: return .noSuchCall
    default: return .somethingElse
    }
  }

  private var isWebPage: Bool {
    contentType.map { ["text/html", "application/xhtml+xml"].contains($0) } ?? false || body.first { $0 > 0x20 } == UInt8(ascii: "<")
  }

  private var json: [String: JSONValue]? {
    guard case .object(let fields)? = try? JSONValue(parsing: body) else { return nil }
    return fields
  }
}

extension [String] {
  /// Each once, in the order in which they came.
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
