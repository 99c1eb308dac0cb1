package import ProgressModel

/// How much was done in the last minute and in the last hour, in constant memory.
///
/// A minute is counted in seconds and an hour in minutes: what is a whole minute (hour) old is no longer in it, and what is
/// fifty-nine seconds (minutes) old is. After the clock was set, what was counted under times that are now in the future is left out.
package struct RateMeter: Hashable, Sendable {
  private var seconds = Window(step: .seconds(1))
  private var minutes = Window(step: .seconds(60))

  package init() {}

  package mutating func count(_ number: Int = 1, at now: Timestamp) {
    seconds.count(number, at: now)
    minutes.count(number, at: now)
  }

  package func lastMinute(at now: Timestamp) -> Int { seconds.total(at: now) }

  package func lastHour(at now: Timestamp) -> Int { minutes.total(at: now) }
}

/// The last sixty steps of time.
private struct Window: Hashable {
  private struct Slot: Hashable {
    var step: Int64
    var number: Int
  }

  private static let length = 60
  private let step: Int64
  /// Each step has its own slot, by its remainder; one that is found to be of another step is begun anew.
  private var slots: [Slot?] = Array(repeating: nil, count: length)

  init(step: Duration) {
    self.step = step.inMilliseconds
  }

  mutating func count(_ number: Int, at now: Timestamp) {
    let current = self.current(now)
    let index = Int(current % Int64(Self.length))
    if let slot = slots[index], slot.step == current {
      slots[index] = Slot(step: current, number: slot.number + number)
    } else {
      slots[index] = Slot(step: current, number: number)
    }
  }

  func total(at now: Timestamp) -> Int {
    let current = self.current(now)
    return slots.reduce(0) { total, slot in
      guard let slot, (current - Int64(Self.length) + 1...current).contains(slot.step) else { return total }
      return total + slot.number
    }
  }

  /// A clock before 1970 is one that was never set: all its time is one step.
  private func current(_ now: Timestamp) -> Int64 { max(0, now.milliseconds) / step }
}
