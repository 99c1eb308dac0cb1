/// How often an API in trouble may be asked.
struct StormWatch {
  private let lanes: Int
  private var mood = SimulatedAPI.Mood.healthy
  private var moodSince = 0
  /// When the first request was made that cannot have known better.
  private var began: Int?
  private var requests = 0

  init(lanes: Int) {
    self.lanes = lanes
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
    let allowed = lanes + 15 + min(time, pace.longAfter) / pace.first + max(0, time - pace.longAfter) / pace.later
    guard requests > allowed else { return nil }
    return "an API that is \(mood) gets \(requests) requests within \(time) ms, a storm: at most \(allowed) are right"
  }

  /// The least time between two requests, at first and later; nil when there is none.
  private var pace: (first: Int, later: Int, longAfter: Int)? {
    switch mood {
    case .down, .cutting: (12_000, 48_000, 600_000)
    case .locked: (240_000, 240_000, 0)
    case .deferring: (800, 800, 0)
    default: nil
    }
  }
}
