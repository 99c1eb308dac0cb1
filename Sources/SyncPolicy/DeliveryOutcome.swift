package import ProgressModel

/// What one attempt to deliver came to. Decided in one place (`FailureModel`), consumed in one exhaustive switch.
package enum DeliveryOutcome: Hashable, Sendable {
  /// Answered 2xx, in full, or what was wanted already holds.
  case delivered
  /// The API cannot take this one now; others may pass.
  case deferred(status: Int, reason: String)
  /// The API asks everybody to wait; `retryAfter` is for how long, when it said so.
  case throttled(status: Int, reason: String, retryAfter: Duration?)
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
  /// The body, or as much of it as `longestBody`.
  package let body: [UInt8]
  package let contentType: String?
  /// The value of `Retry-After` as it came.
  package let retryAfter: String?

  /// Enough to hold a refusal, which may quote a whole request.
  package static let longestBody = 64 * 1024

  /// Whether the body may go on behind what is kept of it.
  var isAbridged: Bool { body.count >= Self.longestBody }

  package init(status: Int, body: [UInt8], contentType: String? = nil, retryAfter: String? = nil) {
    (self.status, self.body, self.contentType, self.retryAfter) = (status, body, contentType, retryAfter)
  }
}

extension DeliveryOutcome {
  /// What an answer to `call` means, by the first rule of `FailureModel` that it meets.
  ///
  /// - Parameters:
  ///   - alsoRetry: Statuses that this API uses for passing trouble, beside the usual ones.
  ///   - now: Against which a `Retry-After` date is read.
  package init(of answer: HTTPAnswer, to call: ProgressCall, alsoRetry: Set<Int>, now: Timestamp) {
    let exchange = Exchange(answer: answer, call: call, alsoRetry: alsoRetry)
    let rule = FailureModel.rules.first { $0.applies(exchange) }
    let words = answer.words ?? (exchange.isSuccess ? answer.message : nil)
    let reason = words.map { "\(answer.status): \($0)" } ?? "\(answer.status)"
    switch rule?.verdict ?? .rejected {
    case .delivered: self = .delivered
    case .deferred: self = .deferred(status: answer.status, reason: reason)
    case .throttled: self = .throttled(status: answer.status, reason: reason, retryAfter: answer.retryAfterDuration(now: now))
    case .unreachable: self = .unreachable(reason: rule?.hint.map { "\(answer.status): \($0)" } ?? reason)
    case .unauthorized: self = .unauthorized(status: answer.status, reason: words ?? "the API does not accept the token")
    case .unsupported: self = .unsupported(reason: "the API has no \(call.endpoint)")
    case .rejected: self = .rejected(status: answer.status, reason: words ?? "status \(answer.status), no reason given")
    }
  }
}

extension HTTPAnswer {
  /// The server's own words: `detail` as a text, or as the list of problems that a 422 carries; nil when there are none.
  var words: String? {
    guard let detail = members["detail"] else { return nil }
    switch detail {
    case .string(let text): return text.quotable
    case .array(let problems): return problems.compactMap(\.problemText).joined(separator: "; ").quotable
    default: return detail.serialized.quotable
    }
  }

  /// What a success says of itself.
  var message: String? { members["message"]?.string?.quotable }

  /// The members of the object that the body is; none when it is something else.
  var members: [String: JSONValue] {
    guard let value = try? JSONValue(parsing: body), case .object(let members) = value else { return [:] }  // Anything may answer.
    return members
  }

  /// [RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3): seconds, or a date.
  func retryAfterDuration(now: Timestamp) -> Duration? {
    guard let retryAfter else { return nil }
    if let seconds = Int64(retryAfter), seconds >= 0 { return min(.seconds(seconds), EndpointHealth.longestPause) }
    // More seconds than can be counted.
    if !retryAfter.isEmpty, retryAfter.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return EndpointHealth.longestPause }
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
