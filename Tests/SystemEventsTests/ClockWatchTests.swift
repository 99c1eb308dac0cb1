import CTestSupport
import Foundation
import TestSupport
import Testing

@testable import SystemEvents

@Suite("The clock", .timeLimit(.minutes(5)))
struct ClockWatchTests {
  /// Whether the process may set the clock: CAP_SYS_TIME, the bit 25 of capabilities(7).
  static let maySetClock: Bool = {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let effective = status.firstMatch(of: /CapEff:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
    return effective & 1 << 25 != 0
  }()

  @Test("rings each time it is set", .enabled(if: maySetClock, "setting the clock takes CAP_SYS_TIME"))
  func set() async throws {
    try await ClockPeace.broken {
      let watch = try ClockWatch()
      var rings = watch.rings.makeAsyncIterator()
      for _ in 1...3 {
        #expect(ctestsupport_nudge_clock() == 0)
        let ring: Void? = await rings.next()
        #expect(ring != nil)
      }
    }
  }
}
