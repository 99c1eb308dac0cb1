import Foundation
import Synchronization

/// Which lives are simulated: the first 1 000, the same for everybody; with SIMULATION_SEEDS so many, from SIMULATION_FIRST on; or
/// SIMULATION_SEED alone.
enum Seeds {
  static let replayed = number("SIMULATION_SEED")
  static let lanes = 0..<max(2, ProcessInfo.processInfo.activeProcessorCount)
  private static let range: Range<UInt64> = {
    if let replayed { return replayed..<replayed + 1 }
    let first = number("SIMULATION_FIRST") ?? 1
    return first..<first + (number("SIMULATION_SEEDS") ?? 1_000)
  }()

  /// The lanes take turns, so that each has the same share of everything.
  static func all(of lane: Int) -> StrideTo<UInt64> {
    stride(from: range.lowerBound + UInt64(lane), to: range.upperBound, by: lanes.count)
  }

  static let progress = Mutex(Progress(total: range.count, isShown: number("SIMULATION_PROGRESS") == 1))

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
}

/// How far a long run has come; said every few seconds when somebody looks on, and at the end.
struct Progress {
  let total: Int
  let isShown: Bool
  private let began = ContinuousClock.now
  private var saidAt = ContinuousClock.now
  private var done = 0

  init(total: Int, isShown: Bool) {
    (self.total, self.isShown) = (total, isShown)
  }

  mutating func note() {
    done += 1
    guard done == total || (isShown && saidAt.duration(to: .now) >= .seconds(2)) else { return }
    saidAt = .now
    let rate = Double(done) / (began.duration(to: .now) / .seconds(1))
    print("\(done) of \(total) lives, \(Int(rate)) a second")
    fflush(nil)
  }
}
