import ProgressModel

/// What an answer is taken for. The first rule that applies decides; what comes of each verdict stands beside it.
///
/// `docs/DELIVERY.md` prints these very tables.
package enum FailureModel {
  package static let rules: [FailureRule] = [
    FailureRule("2xx with a web page", .unreachable, hint: "a web page instead of JSON; is api.base_url right, is a login page in between?")
    {
      $0.isSuccess && $0.isWebPage
    },
    FailureRule("2xx whose JSON does not end", .unreachable, hint: "the answer was cut short") { $0.isSuccess && $0.isCutShort },
    FailureRule("2xx that says `\"success\": false`, or that took fewer items than it was sent", .deferred) {
      $0.isSuccess && $0.deniesSuccess
    },
    FailureRule("2xx", .delivered) { $0.isSuccess },
    FailureRule("404 `No progress log …` to *uncomplete*: what was wanted already holds", .delivered) { $0.hasNothingToUndo },
    FailureRule("a status of `retry.also_statuses`, with `Retry-After`", .throttled) { $0.isAlsoRetried && $0.asksToWait },
    FailureRule("a status of `retry.also_statuses`", .deferred) { $0.isAlsoRetried },
    FailureRule("3xx", .unreachable, hint: "the API redirects; set api.base_url to where it is") { (300...399).contains($0.status) },
    FailureRule("401, 403", .unauthorized) { [401, 403].contains($0.status) },
    FailureRule("404, 405, 501 where no call is, to *bulk-sync* or *exercises*", .unsupported) { $0.saysNoSuchCall && !$0.isBaseline },
    FailureRule("502, 504: a gateway that got no answer", .unreachable) { [502, 504].contains($0.status) },
    FailureRule(
      "404, 405 where no call is; 4xx with a web page", .unreachable, hint: "no progress API answers here; is api.base_url right?"
    ) { $0.isForeign },
    FailureRule("429; 408, 425, 5xx with `Retry-After`", .throttled) { $0.status == 429 || ($0.isPassing && $0.asksToWait) },
    FailureRule("408, 425, 5xx", .deferred) { $0.isPassing },
    FailureRule("any other status", .rejected) { _ in true },
  ]

  /// What comes before any answer.
  package static let noAnswer = FailureRule(
    "no whole answer: connection refused or reset, name not found, TLS refused, time-out, answer cut short", .unreachable
  ) { _ in false }

  /// The tables as `docs/DELIVERY.md` prints them.
  package static var markdown: String {
    let signs = ([noAnswer] + rules).map { "| \($0.sign) | \($0.verdict.rawValue) |" }
    let verdicts = FailureVerdict.allCases.map { "| \($0.rawValue) | \($0.ofTheWrite) | \($0.ofTheEndpoint) |" }
    return (["| what came | is taken for |", "|---|---|"] + signs + ["", "| | the write | the endpoint |", "|---|---|---|"] + verdicts)
      .joined(separator: "\n")
  }
}

/// One row of the failure model.
package struct FailureRule: Sendable {
  /// What is seen, for people.
  package let sign: String
  package let verdict: FailureVerdict
  /// What a person should look at, for answers that come from something else than the API.
  let hint: String?
  let applies: @Sendable (Exchange) -> Bool

  init(_ sign: String, _ verdict: FailureVerdict, hint: String? = nil, applies: @escaping @Sendable (Exchange) -> Bool) {
    (self.sign, self.verdict, self.hint, self.applies) = (sign, verdict, hint, applies)
  }
}

/// The kinds of `DeliveryOutcome`.
package enum FailureVerdict: String, CaseIterable, Sendable {
  case delivered, deferred, throttled, unreachable, unauthorized, unsupported, rejected

  var ofTheWrite: String {
    switch self {
    case .delivered: "leaves the queue"
    case .deferred: "its own `retry.backoff`, then parked"
    case .throttled: "waits with all others; no attempt is counted"
    case .unreachable: "the one that was tried: `retry.backoff`, then parked, and due at once when the outage is over; all others: nothing"
    case .unauthorized: "waits; no attempt is counted"
    case .unsupported: "parked at `retry.parked_max`"
    case .rejected: "failed: kept with the status and the API's words until a newer one of its key, or a person, decides"
    }
  }

  var ofTheEndpoint: String {
    switch self {
    case .delivered, .rejected: "reachable"
    case .deferred, .unsupported:
      "reachable; after \(EndpointHealth.troubleOfAnAPI) in a row one request at a time: new writes every second, others as in an outage"
    case .throttled: "nobody calls before the later of `Retry-After` and the backoff, over restarts too"
    case .unreachable: "one probe at a time, on `retry.backoff`, its last step ± 20 %; every 60 s after ten minutes"
    case .unauthorized:
      """
      reachable; the account whose token it is is held, and no other: a probe every five minutes, and at a new token, a reload or a flush. 403 \
      may be about one write: others are tried at once, after \(EndpointHealth.troubleOfAnAPI) in a row a new one every minute
      """
    }
  }
}

/// A call and its answer.
struct Exchange {
  let answer: HTTPAnswer
  let call: ProgressCall
  let alsoRetry: Set<Int>

  var status: Int { answer.status }
  var isSuccess: Bool { (200...299).contains(status) }
  var isPassing: Bool { [408, 425].contains(status) || (500...599).contains(status) }
  var isAlsoRetried: Bool { alsoRetry.contains(status) }
  var asksToWait: Bool { answer.retryAfterDuration(now: Timestamp(milliseconds: 0)) != nil }

  /// A captive portal answers anything with a cheerful page.
  var isWebPage: Bool {
    let type = answer.contentType?.lowercased() ?? ""
    return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml") || answer.body.first { $0 > 0x20 } == UInt8(ascii: "<")
  }

  /// An answer that ends with its connection does not tell its end; JSON does.
  var isCutShort: Bool {
    let closing: [UInt8: UInt8] = [UInt8(ascii: "{"): UInt8(ascii: "}"), UInt8(ascii: "["): UInt8(ascii: "]")]
    guard !answer.isAbridged, let first = answer.body.first(where: { $0 > 0x20 }), let last = closing[first] else { return false }
    return answer.body.last { $0 > 0x20 } != last
  }

  var deniesSuccess: Bool {
    if case .bool(false)? = answer.members["success"] { return true }
    guard case .bulkSync(_, let updates) = call, let count = answer.members["synced_count"]?.integer else { return false }
    return count < updates.count
  }

  var hasNothingToUndo: Bool {
    guard status == 404, case .single(let update) = call, update.change == .uncomplete else { return false }
    return answer.words?.hasPrefix("No progress log") == true
  }

  /// Whether every progress API has the call, and one that lacks it is another server altogether.
  var isBaseline: Bool {
    guard case .single(let update) = call else { return false }
    if case .exercise = update.change { return false }
    return true
  }

  var saysNoSuchCall: Bool { [404, 405, 501].contains(status) && answer.words != "Program not found" }

  /// Whether the refusal comes from something before or beside the API, such as a proxy or an unknown path: the API gives a reason
  /// in JSON with each refusal, and these two are what its framework says where no call is. Taken for a refusal of the item, a mistyped
  /// address would fail the whole queue.
  var isForeign: Bool {
    switch status {
    case 404, 405: [nil, "Not Found", "Method Not Allowed"].contains(answer.words)
    case 400...499: isWebPage
    default: false
    }
  }
}

extension DeliveryOutcome {
  package var verdict: FailureVerdict {
    switch self {
    case .delivered: .delivered
    case .deferred: .deferred
    case .throttled: .throttled
    case .unreachable: .unreachable
    case .rejected: .rejected
    case .unauthorized: .unauthorized
    case .unsupported: .unsupported
    }
  }
}

extension ProgressCall {
  /// The last segment of the path.
  var endpoint: String {
    switch self {
    case .single(let update): update.change.endpoint
    case .bulkSync: "bulk-sync"
    }
  }
}
