import Synchronization
import Testing

struct SimulationTests {
  @Test(arguments: Seeds.lanes)
  func `whatever goes wrong, everything accepted is delivered, in order and without a storm`(_ lane: Int) async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    for seed in Seeds.all(of: lane) {
      // A life awaits nothing: without this, no other test would get a turn before the last one is over.
      await Task.yield()
      guard let violation = try laboratory.simulate(seed: seed).violation else {
        Seeds.progress.withLock { $0.note() }
        continue
      }
      let story = try laboratory.simulate(seed: seed, isTraced: true)
      Issue.record(
        "\(story.violation ?? "only sometimes: " + violation)\n\(story.lastWords)\nReplay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests"
      )
      return
    }
  }

  @Test(.enabled(if: Seeds.replayed != nil, "SIMULATION_SEED names no life to replay"))
  func `a life is replayed`() throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let story = try laboratory.simulate(seed: try #require(Seeds.replayed), isTraced: true)
    for line in story.trace ?? [] { print(line) }
    #expect(story.violation == nil)
  }

  @Test(.enabled(if: Seeds.replayed == nil, "one life is replayed"), arguments: DeliberateBug.allCases)
  func `a deliberate bug does not stay hidden`(_ bug: DeliberateBug) async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    for seed: UInt64 in 1...200 {
      await Task.yield()
      if let violation = try laboratory.simulate(seed: seed, bug: bug).violation, violation.contains(bug.brokenPromise) {
        print("\(bug): \(violation.prefix(200))")
        return
      }
    }
    Issue.record("not found in 200 lives")
  }
}
