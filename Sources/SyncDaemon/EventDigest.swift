package import ProgressModel
package import SyncEngine
import SyncStore

/// Decides which events are said one by one and which are only counted, so that neither a long queue nor a long outage fills the log.
///
/// Each topic has so many lines in 30 s. What goes beyond them is counted, and told in one line when the 30 s are over, which is
/// the first of the next 30 s. All topics together make about 550 lines then, and never more than 1 100 in any 30 s; journald takes
/// 10 000 from a service (`RateLimitBurst=` of journald.conf(5)). Nothing is left out silently: what has a topic is said or counted.
package struct EventDigest: Sendable {
  /// Something to say now.
  package enum Remark: Hashable, Sendable {
    case event(SyncEvent)
    case summary(Summary)
  }

  /// Several events of one topic that were not said one by one.
  package struct Summary: Hashable, Sendable {
    /// At least two; or one attempt, whose time is past.
    package let count: Int
    package let last: SyncEvent
    /// The time in which they happened.
    package let time: Duration
  }

  /// How long a topic's lines have to last.
  package static let interval = Duration.seconds(30)

  /// In the order in which their topics came up.
  private var windows: [Window] = []

  package init() {}

  /// When `remarks` has to be called again even if nothing happens; nil when everything has been said.
  package var wakeAt: Timestamp? {
    windows.filter { $0.withheld > 0 }.map { $0.startedAt + Self.interval }.min()
  }

  /// Takes up what happened and returns what to say now, the summaries that are due among it.
  package mutating func remarks(on events: [SyncEvent], now: Timestamp) -> [Remark] {
    var remarks = endWindows(now: now)
    for event in events.flatMap(\.parts) {
      if take(event, now: now) { remarks.append(.event(event)) }
    }
    return remarks
  }

  /// Returns everything that was withheld, to be said now, and begins anew.
  package mutating func flush(now: Timestamp) -> [Remark] {
    defer { windows = [] }
    return windows.compactMap { $0.remark(now: now) }
  }

  /// Returns whether to say the event now.
  private mutating func take(_ event: SyncEvent, now: Timestamp) -> Bool {
    guard var topic = event.topic else { return true }
    var index = windows.firstIndex { $0.topic == topic }
    if index == nil, case .failed = topic, windows.count(where: \.topic.isOneCause) == Topic.causes {
      topic = .failed(nil)
      index = windows.firstIndex { $0.topic == topic }
    }
    guard let index else {
      windows.append(Window(topic: topic, startedAt: now, said: 1))
      return true
    }
    return windows[index].take(event)
  }

  private mutating func endWindows(now: Timestamp) -> [Remark] {
    var remarks: [Remark] = []
    windows = windows.compactMap { window in
      // A clock that was set back must not lengthen the wait.
      guard now - window.startedAt >= Self.interval || now < window.startedAt else { return window }
      guard let remark = window.remark(now: now) else { return nil }
      remarks.append(remark)
      return Window(topic: window.topic, startedAt: now, said: 1)
    }
    return remarks
  }
}

/// What has become of one topic's events in 30 s.
private struct Window: Sendable {
  let topic: Topic
  let startedAt: Timestamp
  var said: Int
  private(set) var withheld = 0
  private var last: SyncEvent?

  init(topic: Topic, startedAt: Timestamp, said: Int) {
    (self.topic, self.startedAt, self.said) = (topic, startedAt, said)
  }

  mutating func take(_ event: SyncEvent) -> Bool {
    guard said >= topic.lines else {
      said += 1
      return true
    }
    withheld += 1
    last = event
    return false
  }

  /// What was withheld, in one line.
  func remark(now: Timestamp) -> EventDigest.Remark? {
    last.map { last in
      let time = now < startedAt ? EventDigest.interval : now - startedAt
      // Said late and word for word, an attempt would look like one that begins, or fails, now.
      guard withheld > 1 || topic.isOfAttempts else { return .event(last) }
      return .summary(EventDigest.Summary(count: withheld, last: last, time: time))
    }
  }
}

/// What the log tells of in one breath.
private enum Topic: Hashable, Sendable {
  case accepted
  case synced
  case retrySucceeded
  case retrying
  /// Failures of one cause: the status and the words of the API, or of whatever is in its place. nil: of any other.
  case failed(Cause?)
  case parked
  case rejected
  case refused
  case ignored
  case bound
  case superseded
  case repeated
  case discarded
  /// What people ask for about what they have dropped.
  case wish
  /// What an administrator does to everything: no number of other wishes folds it away.
  case decree
  case setAside
  case endpoint
  case account
  case storage
  case removal

  struct Cause: Hashable, Sendable {
    let status: Int?
    let reason: String
  }

  /// How many causes are told apart: an API may word each of its refusals differently.
  static let causes = 20

  /// How many lines it may have in 30 s.
  var lines: Int {
    switch self {
    case .parked, .rejected, .refused: 100  // A person will want to find each of them.
    case .synced, .retrySucceeded: 50
    case .accepted: 40
    case .ignored, .bound, .superseded, .repeated, .discarded, .setAside, .retrying, .endpoint, .account, .storage: 10
    case .wish, .decree: 4
    case .failed, .removal: 1
    }
  }

  var isOfAttempts: Bool {
    switch self {
    case .retrying, .failed: true
    default: false
    }
  }

  var isOneCause: Bool {
    if case .failed(.some) = self { true } else { false }
  }
}

extension SyncEvent {
  /// nil for what is said at debug level only, where nothing is withheld.
  fileprivate var topic: Topic? {
    switch self {
    case .accepted(_, _, let acceptance):
      if !acceptance.entries.isEmpty {
        .accepted
      } else if !acceptance.superseded.isEmpty {
        nil
      } else {
        acceptance.outdated.isEmpty ? .repeated : .superseded
      }
    case .refused: .refused
    case .ignored: .ignored
    case .boundReached, .boundLeft: .bound
    case .retrying: .retrying
    case .synced(_, _, let failures): failures == 0 ? .synced : .retrySucceeded
    case .attemptFailed(_, _, let wasParked, let status, let reason):
      wasParked ? nil : .failed(Topic.Cause(status: status, reason: reason))
    case .parked: .parked
    case .rejected: .rejected
    case .discarded: .discarded
    case .clearing(let sender, _), .cleared(_, let sender, _): sender == nil ? .decree : .wish
    case .retriedByHand, .flushed: .wish
    case .suspended, .resumed: .decree
    case .setAside: .setAside
    case .endpoint: .endpoint
    case .held, .released: .account
    case .storageFailed, .storageRecovered: .storage
    case .removalFailed: .removal
    }
  }
}
