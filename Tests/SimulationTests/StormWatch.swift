/// How often an API in trouble may be asked.
struct StormWatch {
  private let lanes: Int
  /// How many tokens may each be refused.
  private let accounts: Int
  private var mood = SimulatedAPI.Mood.healthy
  private var moodSince = 0
  /// When the first request was made that cannot have known better.
  private var began: Int?
  private var requests = 0

  init(lanes: Int, accounts: Int) {
    (self.lanes, self.accounts) = (lanes, accounts)
  }

  mutating func begin(_ mood: SimulatedAPI.Mood, at instant: Int) {
    (self.mood, moodSince, began) = (mood, instant, nil)
  }

  /// Something gives a reason to ask anew: a start, a ring, a clock step.
  mutating func forgive(at instant: Int) {
    (moodSince, began) = (instant, nil)
  }

  /// `oldest`: when the oldest of the requests under way was made. Returns the broken promise, if it is one.
  mutating func note(requestAt instant: Int, oldest: Int?) -> String? {
    guard let pace else { return nil }
    // What is answered to requests from before may give the wrong impression.
    if began == nil, let oldest, oldest < moodSince { return nil }
    let start = began ?? instant
    if began == nil { (began, requests) = (start, 0) }
    requests += 1
    let time = instant - start
    let allowed = pace.atOnce + min(time, pace.longAfter) / pace.first + max(0, time - pace.longAfter) / pace.later
    guard requests > allowed else { return nil }
    return "an API that is \(mood) gets \(requests) requests within \(time) ms, a storm: at most \(allowed) are right"
  }

  /// How many requests may find out, and the least time between two later ones, at first and after a while; nil when there is none.
  private var pace: (atOnce: Int, first: Int, later: Int, longAfter: Int)? {
    switch mood {
    // The quick probes; and a bulk that gets no answer says nothing, so that each lane may try a single one after it.
    case .down, .cutting: (2 * lanes + 4, 12_000, 48_000, 600_000)
    case .locked: (accounts * (lanes + 4), 240_000 / accounts, 240_000 / accounts, 0)
    // So many have to be forbidden before it counts for all; then what is new may try once a minute.
    case .forbidding: (accounts * (lanes + 9), 55_000 / accounts, 55_000 / accounts, 0)
    // So many have to be deferred before it counts as the API's trouble.
    case .deferring: (lanes + 6, 800, 800, 0)
    default: nil
    }
  }
}
