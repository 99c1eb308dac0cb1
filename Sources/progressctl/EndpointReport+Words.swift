import ControlProtocol
import ProgressModel
import SyncDaemon
import Systemd

extension EndpointReport {
  /// How the API stands, without its reasons: `unreachable since 5 min`.
  func state(now: Timestamp) -> String {
    let since = since.map { " since \((now - $0).inWords)" } ?? ""
    return switch state {
    case .untried: "not tried yet since the daemon's start"
    case .reachable: "reachable\(since)"
    case .paused: "cannot take more\(since)"
    case .failing: "answers, but takes nothing\(since)"
    case .unreachable: "does not answer\(since)"
    case .held: "does not accept us\(since)"
    }
  }

  /// Why it stands so; nil where nothing is wrong.
  var trouble: String? {
    let status = status.map { "\($0)" }
    // Some reasons begin with the status.
    let words = [status.flatMap { reason?.hasPrefix($0) == true ? nil : $0 }, reason].compactMap { $0 }
    return words.isEmpty ? nil : words.joined(separator: ": ").singleLine
  }

  /// What comes next by itself; nil where nothing has to.
  func next(now: Timestamp) -> String? {
    guard let nextProbeAt else { return nil }
    let isDue = nextProbeAt <= now
    switch state {
    case .untried, .reachable: return nil
    case .paused: return isDue ? "asked again now" : "asked again in \((nextProbeAt - now).inWords)"
    case .failing, .unreachable, .held: return isDue ? "tried again now" : "tried again in \((nextProbeAt - now).inWords)"
    }
  }

  /// What a person has to do; nil where the daemon does it.
  var remedy: String? {
    switch state {
    case .held: "mend the token or the account, then progressctl flush"
    case .untried, .reachable, .paused, .failing, .unreachable: nil
    }
  }
}

extension PauseReport {
  /// Since when and until when nothing is sent, and by whose wish.
  func words(now: Timestamp) -> String {
    let end = until.map { $0 <= now ? "ends now" : "for another \(($0 - now).inWords)" } ?? "until progressctl resume"
    return "nothing is sent: paused by \(UserName(by)) \((now - since).inWords) ago, \(end)"
  }
}

extension StatusReport {
  /// Why nothing is delivered at present; nil when nothing stands in the way.
  func obstacle(now: Timestamp) -> String? {
    if let pause { return pause.words(now: now) }
    guard let endpoint, endpoint.state != .reachable, endpoint.state != .untried else { return nil }
    let state = "the API \(endpoint.state(now: now))\(endpoint.trouble.map { " (\($0))" } ?? "")"
    return [state, endpoint.next(now: now), endpoint.remedy].compactMap { $0 }.joined(separator: "; ")
  }
}
