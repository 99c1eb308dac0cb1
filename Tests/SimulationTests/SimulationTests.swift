import Foundation
import Testing

struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment

  /// The first ones always, the same for everybody; with SIMULATION_SEEDS, as many and a few that nobody has seen; or SIMULATION_SEED alone.
  private static let seeds: [UInt64] = {
    if let seed = environment["SIMULATION_SEED"].flatMap({ UInt64($0) }) { return [seed] }
    guard let count = environment["SIMULATION_SEEDS"].flatMap({ UInt64($0) }) else { return Array(1...40) }
    let fresh = (0..<4).map { _ in UInt64.random(in: 1_000_000...UInt64.max) }
    print("SIMULATION_SEEDS=\(count), and the random seeds \(fresh)")
    return fresh + Array(1...max(1, count))
  }()

  private static let lanes = 2

  @Test(arguments: 0..<lanes)
  func `whatever goes wrong, everything accepted is delivered, in order and without a storm`(_ lane: Int) throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let seeds = stride(from: lane, to: Self.seeds.count, by: Self.lanes).map { Self.seeds[$0] }
    let began = ContinuousClock.now
    for seed in seeds where try laboratory.simulate(seed: seed) != nil {
      let story = try laboratory.simulate(seed: seed, isTraced: true) ?? "seed \(seed) fails only sometimes"
      Issue.record("\(story)\nReplay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests")
      return
    }
    print("Lane \(lane) simulated \(seeds.count) lives in \(ContinuousClock.now - began)")
  }

  @Test(arguments: DeliberateBug.allCases)
  func `a deliberate bug does not stay hidden`(_ bug: DeliberateBug) throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    var violation: String?
    for seed: UInt64 in 1...60 where violation == nil { violation = try laboratory.simulate(seed: seed, bug: bug) }
    print("\(bug): \(try #require(violation))")
  }
}
