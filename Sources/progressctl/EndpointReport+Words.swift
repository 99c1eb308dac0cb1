import ControlProtocol
import ProgressModel
import SyncDaemon
import Systemd

extension EndpointReport {
  /// How the API stands, without its reasons: `unreachable since 5 min`.
  func state(now: Timestamp) -> String {
    let since = since.map { " since \((now - $0).inWords)" } ?? ""
    return switch state {
    case .untried: "not tried yet"
    case .reachable: "reachable\(since)"
    case .paused: "cannot take more\(since)"
    case .failing: "answers, but takes nothing\(since)"
    case .unreachable: "does not answer\(since)"
    case .held: "does not accept us\(since)"
    }
  }

  /// Why it stands so; nil where nothing is wrong.
  var trouble: String? { answer(status, reason) }

  /// The same behind other words.
  var causeInBrackets: String { trouble.map { " (\($0))" } ?? "" }

  /// Whether it keeps anything from being delivered.
  var isInTheWay: Bool { state != .reachable && state != .untried }

  /// Why nothing is delivered, what comes next and what to do, in one line; nil when it is not in the way.
  func obstacle(now: Timestamp) -> String? {
    guard isInTheWay else { return nil }
    return ["the API \(self.state(now: now))\(causeInBrackets)", next(now: now), remedy].compactMap { $0 }.joined(separator: "; ")
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
    case .held: "mend the token or the account (progressctl doctor says how), then progressctl flush"
    case .untried, .reachable, .paused, .failing, .unreachable: nil
    }
  }
}

extension AccountReport {
  /// The user, as people know him.
  var name: String { (user ?? "uid \(uid)").singleLine }

  /// How he stands with the API, without its reasons.
  func state(now: Timestamp) -> String {
    switch state {
    case .open: "\(name) has a token of his own"
    case .held:
      "what \(name) dropped is held" + (since.map { " since \((now - $0).inWords)" } ?? "")
        + (entries.map { $0 == 1 ? ", 1 entry" : ", \($0) entries" } ?? "")
    }
  }

  /// Why it stands so; nil where nothing is wrong.
  var trouble: String? { answer(status, reason) }

  var causeInBrackets: String { trouble.map { " (\($0))" } ?? "" }

  /// What comes next by itself, and what a person has to do; nil where nothing is wrong.
  func next(now: Timestamp) -> String? {
    let probe = nextProbeAt.map { $0 <= now ? "tried again now" : "tried again in \(($0 - now).inWords)" }
    let steps = [probe, remedy?.singleLine].compactMap { $0 }
    return steps.isEmpty ? nil : steps.joined(separator: "; ")
  }

  /// All of it in one line.
  func words(now: Timestamp) -> String {
    [state(now: now) + causeInBrackets, next(now: now)].compactMap { $0 }.joined(separator: "; ")
  }
}

/// What the API answered, on one line; nil when nothing is known of it.
private func answer(_ status: Int?, _ reason: String?) -> String? {
  let status = status.map { "\($0)" }
  // Some reasons begin with the status.
  let words = [status.flatMap { reason?.hasPrefix($0) == true ? nil : $0 }, reason].compactMap { $0 }
  return words.isEmpty ? nil : words.joined(separator: ": ").singleLine
}

extension PauseReport {
  /// Since when and until when nothing is sent, and by whose wish.
  func words(now: Timestamp) -> String {
    let end = until.map { $0 <= now ? "ends now" : "for another \(($0 - now).inWords)" } ?? "until progressctl resume"
    return "nothing is sent: paused by \(UserName(by)) \((now - since).inWords) ago, \(end)"
  }
}

extension StatusReport {
  /// Why nothing of a user is delivered at present; nil when nothing stands in the way.
  func obstacle(of user: UInt32, now: Timestamp) -> String? {
    if let pause { return pause.words(now: now) }
    let account = accounts.first { $0.uid == user }
    if let endpoint, account == nil || endpoint.state != .held, let obstacle = endpoint.obstacle(now: now) { return obstacle }
    return account.flatMap { $0.state == .held ? $0.words(now: now) : nil }
  }

  /// Why what a user drops stays in `incoming/` at present, and what ends that; nil when nothing stands in the way.
  func intakeObstacle(of user: UInt32, now: Timestamp) -> String? {
    if let trouble = disk?.trouble { return "the spool or the queue cannot be used: \(trouble.singleLine)" }
    return bounds.first { $0.sender == user }.map { "\($0.words(now: now)); \($0.consequence); \($0.remedy)" }
  }
}
