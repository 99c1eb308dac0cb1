import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The watchdog is fed by work, and not by being there")
struct WatchdogTests {
  @Test("a daemon with nothing to do feeds it; one whose work loop stands still does not, though it lives")
  func wedgedLoop() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon(environment: ["WATCHDOG_USEC": "400000", "PROGRESS_CRASH_POINT": "accepted=hang"])
    func fed() -> Int { machine.notifications.received.count { $0 == "WATCHDOG=1" } }
    let atStart = fed()
    try await eventually("a quiet daemon goes on feeding") { fed() > atStart + 5 }
    try machine.drop(action("complete"))
    try await eventually("the work loop has stopped in the middle of its work") {
      try machine.files(in: "claimed").count == 1 && machine.pending() == 1
    }
    var last = (count: fed(), seenAt: ContinuousClock.now)
    try await eventually("ten times the watchdog's patience passes in silence") {
      if fed() != last.count { last = (fed(), .now) }
      return .now - last.seenAt > .seconds(4)
    }
    #expect(machine.daemon?.isRunning == true)
    try await machine.killDaemon()
    try await machine.startDaemon()
    try await eventually("what it stood over is delivered by the next one") { try machine.rows() == ["1-3 done"] }
  }
}
