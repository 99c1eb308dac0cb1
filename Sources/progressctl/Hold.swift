import ControlClient
import ControlProtocol
import ProgressModel

/// What keeps everything in the queue from being sent.
struct Hold: Hashable {
  /// In the words of a status.
  let reason: String
  /// Of a column that tells when an entry is tried next.
  let word: String
  /// When something is sent again by itself, as far as that is known.
  let end: Timestamp?
}

extension StatusReport {
  /// nil when nothing stands in the way of all entries.
  func hold(now: Timestamp) -> Hold? {
    guard let reason = obstacle(now: now) else { return nil }
    if let pause { return Hold(reason: reason, word: "paused", end: pause.until) }
    guard let endpoint else { return nil }
    // Who is not accepted asks now and then; what waits goes on only when a person has mended it.
    let isHeld = endpoint.state == .held
    return Hold(reason: reason, word: isHeld ? "held" : "at next try", end: isHeld ? nil : endpoint.nextProbeAt)
  }
}

extension ControlClient {
  /// What stands in the way of everything; nil also when nobody says.
  func hold(now: Timestamp) async -> Hold? {
    try? await status().report.hold(now: now)
  }

  /// What stands in the way before everything is tried at once, which makes the daemon forget it until it has tried; nil also when nobody says.
  func troubleBefore(now: Timestamp) async -> String? {
    guard let report = try? await status().report else { return nil }
    if let pause = report.pause { return pause.words(now: now) }
    guard report.hold(now: now) != nil, let endpoint = report.endpoint else { return nil }
    let trouble = endpoint.trouble.map { " (\($0))" } ?? ""
    return "what stood in the way: the API \(endpoint.state(now: now))\(trouble); see progressctl status"
  }
}
