package import ProgressModel

/// What one attempt to deliver came to. Decided in one place, consumed in one exhaustive switch.
package enum DeliveryOutcome: Hashable, Sendable {
  /// Answered 2xx, in full, or what was wanted already holds.
  case delivered
  /// The API answered and cannot take this one now; `retryAfter` is its own wish, when it said one.
  case deferred(status: Int, reason: String, retryAfter: Duration?)
  /// No whole answer came: refused, reset, name not found, TLS, time-out, cut short. Says little about the item.
  case unreachable(reason: String)
  /// The API will never take this as it is.
  case rejected(status: Int, reason: String)
  /// The API does not know us; says nothing about the item.
  case unauthorized(status: Int, reason: String)
  /// The API has no such call; a newer server may.
  case unsupported(reason: String)
}

/// A whole HTTP answer, as far as a decision needs it.
package struct HTTPAnswer: Hashable, Sendable {
  package let status: Int
  /// The body; enough of it to hold a refusal, which may quote a whole request (64 KiB).
  package let body: [UInt8]
  package let contentType: String?
  /// The value of `Retry-After` as it came.
  package let retryAfter: String?

  package init(status: Int, body: [UInt8], contentType: String? = nil, retryAfter: String? = nil) {
    (self.status, self.body, self.contentType, self.retryAfter) = (status, body, contentType, retryAfter)
  }
}

extension DeliveryOutcome {
  /// What an answer to `call` means.
  ///
  /// - Parameters:
  ///   - alsoRetry: Statuses that this API uses for passing trouble, beside the usual ones.
  ///   - now: Against which a `Retry-After` date is read.
  package init(of answer: HTTPAnswer, to call: ProgressCall, alsoRetry: Set<Int>, now: Timestamp) {
    let words = answer.words
    let reason = words.map { "\(answer.status): \($0)" } ?? "\(answer.status)"
    switch answer.status {
    case 200...299 where answer.isWebPage:
      // A captive portal answers anything with a cheerful page.
      self = .unreachable(reason: "answered with a web page instead of JSON; is api.base_url right, is a login page in between?")
    case 200...299:
      self = .delivered
    case 404 where call.change == .uncomplete && words?.hasPrefix("No progress log") == true:
      self = .delivered
    case _ where alsoRetry.contains(answer.status):
      self = .deferred(status: answer.status, reason: reason, retryAfter: answer.retryAfterDuration(now: now))
    case 300...399:
      self = .unreachable(reason: "\(answer.status): the API redirects; set api.base_url to where it is")
    case 401, 403:
      self = .unauthorized(status: answer.status, reason: words ?? "the API does not accept the token")
    case _ where answer.saysNoSuchCall && !call.change.isBaseline:
      self = .unsupported(reason: "the API has no \(call.change.endpoint)")
    case 502, 504:
      // A gateway says that it got no answer either.
      self = .unreachable(reason: reason)
    case _ where answer.isForeign:
      self = .unreachable(reason: "\(answer.status): no progress API answers here; is api.base_url right?")
    case 408, 425, 429, 500...:
      self = .deferred(status: answer.status, reason: reason, retryAfter: answer.retryAfterDuration(now: now))
    default:
      self = .rejected(status: answer.status, reason: words ?? "status \(answer.status), no reason given")
    }
  }
}

extension ProgressCall.Change {
  /// Whether every progress API has the call.
  fileprivate var isBaseline: Bool {
    switch self {
    case .complete, .uncomplete, .intensity, .schedule: true
    case .exercise: false
    }
  }
}

extension HTTPAnswer {
  fileprivate var isWebPage: Bool {
    let type = contentType?.lowercased() ?? ""
    return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml") || body.first { $0 > 0x20 } == UInt8(ascii: "<")
  }

  fileprivate var saysNoSuchCall: Bool { [404, 405, 501].contains(status) && words != "Program not found" }

  /// Whether the refusal comes from something before or beside the API, such as a proxy or an unknown path: the API gives a reason
  /// in JSON with each refusal, and these two are what its framework says where no call is. Taken for a refusal of the item, a mistyped
  /// address would fail the whole queue.
  fileprivate var isForeign: Bool {
    switch status {
    case 404, 405: [nil, "Not Found", "Method Not Allowed"].contains(words)
    case 400...499: isWebPage
    default: false
    }
  }

  /// The server's own words: `detail` as a text, or as the list of problems that a 422 carries; nil when there are none.
  fileprivate var words: String? {
    guard let value = try? JSONValue(parsing: body), case .object(let members) = value, let detail = members["detail"] else { return nil }
    switch detail {
    case .string(let text): return text.quotable
    case .array(let problems): return problems.compactMap(\.problemText).joined(separator: "; ").quotable
    default: return detail.serialized.quotable
    }
  }

  /// [RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3): seconds, or a date.
  fileprivate func retryAfterDuration(now: Timestamp) -> Duration? {
    guard let retryAfter else { return nil }
    if let seconds = Int64(retryAfter), seconds >= 0 { return min(.seconds(seconds), EndpointHealth.longestPause) }
    return Timestamp(httpDate: retryAfter).map { max(.zero, min($0 - now, EndpointHealth.longestPause)) }
  }
}

extension JSONValue {
  /// One problem of a 422 as FastAPI words it: `{"loc":["body","week_number"],"msg":"…"}`.
  fileprivate var problemText: String? {
    guard case .object(let problem) = self, let message = problem["msg"]?.string else { return nil }
    guard case .array(let place)? = problem["loc"] else { return message }
    return place.compactMap { $0.string ?? $0.integer.map(String.init) }.joined(separator: ".") + ": " + message
  }
}

extension String {
  /// One line of about 200 characters, fit for a log and for a status.
  fileprivate var quotable: String? {
    let line = String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    return line.isEmpty ? nil : line.cut(to: 200)
  }
}
