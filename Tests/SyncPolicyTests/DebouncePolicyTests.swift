import ProgressModel
import SyncPolicy
import Testing

@Suite("A write waits for newer ones of its key")
struct DebouncePolicyTests {
  private let policy = DebouncePolicy(
    complete: .milliseconds(500), intensity: .milliseconds(600), schedule: .milliseconds(700), exercise: .seconds(2), maxWait: .seconds(5))

  @Test(
    "as long as its field says",
    arguments: [(.completion, 500), (.intensity, 600), (.schedule, 700), (.exercise(id: "squat"), 2000)] as [(Field, Int64)])
  func window(field: Field, milliseconds: Int64) {
    let now = Timestamp(milliseconds: 10_000)
    #expect(policy.dueAt(for: field, now: now, waitingSince: now) == now + .milliseconds(milliseconds))
  }

  @Test("but never longer than the maximum since the first unsent change")
  func maximum() {
    let first = Timestamp(milliseconds: 10_000)
    #expect(policy.dueAt(for: .completion, now: first + .milliseconds(4_400), waitingSince: first) == first + .milliseconds(4_900))
    #expect(policy.dueAt(for: .completion, now: first + .milliseconds(4_800), waitingSince: first) == first + .seconds(5))
    #expect(policy.dueAt(for: .completion, now: first + .seconds(60), waitingSince: first) == first + .seconds(5))
  }

  @Test("and a clock that was set back does not make it wait longer")
  func clockStep() {
    let now = Timestamp(milliseconds: 10_000)
    #expect(policy.dueAt(for: .completion, now: now, waitingSince: now + .seconds(3600)) == now + .milliseconds(500))
  }
}
