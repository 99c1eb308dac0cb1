import ControlClient
import ControlProtocol
import ProgressModel

/// What keeps entries of the queue from being sent.
struct Hold: Hashable {
  /// In the words of a status.
  let reason: String
  /// Of a column that tells when an entry is tried next.
  let word: String
  /// When something is sent again by itself, as far as that is known.
  let end: Timestamp?
}

/// Everything that does, by whom it concerns.
struct Holds: Hashable {
  /// Whoever's token it would go out with.
  var everybody: Hold?
  /// What goes out with the common token.
  var common: Hold?
  /// What goes out with a user's own token, by user id.
  var users: [UInt32: Hold] = [:]

  /// What keeps one entry; nil when nothing stands in its way but its own time.
  func hold(of item: QueueItem) -> Hold? {
    everybody ?? (item.account.map { users[$0] } ?? common)
  }

  /// A line for each.
  var reasons: [String] {
    ([everybody, common] + users.sorted { $0.key < $1.key }.map(\.value)).compactMap { $0?.reason }
  }
}

extension StatusReport {
  func holds(now: Timestamp) -> Holds {
    var holds = Holds()
    for account in accounts where account.state == .held {
      holds.users[account.uid] = Hold(reason: account.words(now: now), word: "held", end: nil)
    }
    if let pause {
      holds.everybody = Hold(reason: pause.words(now: now), word: "paused", end: pause.until)
    } else if let endpoint, let reason = endpoint.obstacle(now: now) {
      // Who is not accepted asks now and then; what waits goes on only when a person has mended it.
      if endpoint.state == .held {
        holds.common = Hold(reason: reason, word: "held", end: nil)
      } else {
        holds.everybody = Hold(reason: reason, word: "at next try", end: endpoint.nextProbeAt)
      }
    }
    return holds
  }
}

extension ControlClient {
  /// What stands in the way; nothing also when nobody says.
  ///
  /// Throws `ControlError.noAnswer`: of who has kept somebody waiting in vain nothing more is asked.
  func holds(now: Timestamp) async throws -> Holds {
    do {
      return try await status().report.holds(now: now)
    } catch let error as ControlError {
      if case .noAnswer = error { throw error }
      return Holds()
    }
  }

  /// What stands in the way before everything is tried at once, which makes the daemon forget it until it has tried; nil also when nobody says.
  func troubleBefore(now: Timestamp) async -> String? {
    guard let report = try? await status().report else { return nil }
    if let pause = report.pause { return pause.words(now: now) }
    let api = report.endpoint.flatMap { $0.isInTheWay ? "the API \($0.state(now: now))\($0.causeInBrackets)" : nil }
    let troubles = [api].compactMap { $0 } + report.accounts.filter { $0.state == .held }.map { $0.state(now: now) + $0.causeInBrackets }
    return troubles.isEmpty ? nil : "what stood in the way: \(troubles.joined(separator: "; ")); see progressctl status"
  }
}
