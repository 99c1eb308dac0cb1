import ProgressModel
import SyncPolicy

/// What the simulated API is going to answer; a date in it is read off the clock when it does.
enum ScriptedAnswer {
  case success(String)
  case refusal(Int, String = "refused", wish: Wish? = nil)
  case cut
  case nothing

  /// How a wish for silence is put, in seconds.
  enum Wish {
    case seconds(Int)
    case date(Int)
  }

  /// Whether it may be a time-out.
  var comesLate: Bool {
    switch self {
    case .cut, .nothing: true
    case .success, .refusal: false
    }
  }

  func reply(now: Timestamp) -> SimulatedAPI.Reply {
    switch self {
    case .success(let body): .whole(HTTPAnswer(status: 200, body: Array(body.utf8), contentType: "application/json"))
    case .refusal(let status, let detail, let wish):
      .whole(
        HTTPAnswer(
          status: status, body: Array("{\"detail\":\"\(detail)\"}".utf8), contentType: "application/json",
          retryAfter: wish?.header(now: now)))
    case .cut: .cut
    case .nothing: .nothing
    }
  }

  /// For how many milliseconds nobody may call; nil when the API asks for no silence.
  func asksForSilence(now: Timestamp) -> Int? {
    guard case .refusal(let status, _, let wish) = self, status == 429 || (wish != nil && (status == 503 || status == 408)) else {
      return nil
    }
    switch wish {
    case .seconds(let seconds): return seconds * 1000
    case .date(let seconds): return seconds * 1000 - Int(now.milliseconds % 1000)
    case nil: return 0
    }
  }
}

extension ScriptedAnswer.Wish {
  fileprivate func header(now: Timestamp) -> String {
    switch self {
    case .seconds(let seconds): String(seconds)
    case .date(let seconds): (now + .seconds(seconds)).httpDate
    }
  }
}

extension Timestamp {
  /// [RFC 9110, section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7), in whole seconds.
  fileprivate var httpDate: String {
    let text = Timestamp(milliseconds: milliseconds - milliseconds % 1000).rfc3339
    let date = text.prefix(10).split(separator: "-")
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(milliseconds / 86_400_000 % 7)]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let month = months[(Int(date[1]) ?? 1) - 1]
    return "\(weekday), \(date[2]) \(month) \(date[0]) \(text.dropFirst(11).prefix(8)) GMT"
  }
}
