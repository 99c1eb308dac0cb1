import Synchronization
import Testing

struct SimulationTests {
  @Test(arguments: Seeds.lanes)
  func `whatever goes wrong, everything accepted is delivered, in order and without a storm`(_ lane: Int) async throws {
    let laboratory = try Laboratory()
    for seed in Seeds.all(of: lane) {
      guard let violation = try await laboratory.simulate(seed: seed).violation else {
        Seeds.progress.withLock { $0.note() }
        continue
      }
      let story = try await laboratory.simulate(seed: seed, isTraced: true)
      Issue.record(
        "\(story.violation ?? "only sometimes: " + violation)\n\(story.lastWords)\nReplay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests"
      )
      return
    }
  }

  @Test(.enabled(if: Seeds.replayed != nil, "SIMULATION_SEED names no life to replay"))
  func `a life is replayed`() async throws {
    let laboratory = try Laboratory()
    let story = try await laboratory.simulate(seed: try #require(Seeds.replayed), isTraced: true)
    for line in story.trace ?? [] { print(line) }
    #expect(story.violation == nil)
  }

  @Test(.serialized, .enabled(if: Seeds.replayed == nil, "one life is replayed"), arguments: DeliberateBug.allCases)
  func `a deliberate bug does not stay hidden`(_ bug: DeliberateBug) async throws {
    let laboratory = try Laboratory()
    for seed: UInt64 in 1...200 {
      if let violation = try await laboratory.simulate(seed: seed, bug: bug).violation, violation.contains(bug.brokenPromise) {
        print("\(bug): \(violation.prefix(200))")
        return
      }
    }
    Issue.record("not found in 200 lives")
  }
}
