import Foundation
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("An API that takes a request and never answers")
struct SilentAPITests {
  @Test("costs one lane for one time-out: the other sessions are delivered, and the watchdog is fed")
  func oneSilentSession() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    let isSilent = Mutex(true)
    let proxy = RecordingProxy { request in
      guard request.isAboutFirstDay, isSilent.withLock({ $0 }) else { return nil }
      try await Task.sleep(for: .seconds(3_600))
      return nil
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure(
        """
        api.request_timeout: 4s
        api.max_concurrent_requests: 2
        debounce.complete: 10ms
        retry: {backoff: [500ms], parked_initial: 1s, parked_max: 1s}
        """)
      try await machine.startDaemon(environment: ["WATCHDOG_USEC": "400000"])
      func attempts() -> Int { proxy.requests.count(where: \.isAboutFirstDay) }
      func fed() -> Int { machine.notifications.received.count { $0 == "WATCHDOG=1" } }
      try machine.drop(action("complete", day: 1))
      try await eventually("its request is under way") { attempts() == 1 }
      let fedBefore = fed()
      for day in 2...25 { try machine.drop(action("complete", day: day)) }
      try await eventually("the watchdog is fed") { fed() >= fedBefore + 5 }
      #expect(attempts() == 1, "all that during the first request")
      try await eventually("the others are delivered") { try machine.rows() == (2...25).map { "1-\($0) done" } }
      try await eventually("it is tried again") { attempts() >= 2 }
      for day in 26...50 { try machine.drop(action("complete", day: day)) }
      try await eventually("what comes later is delivered too") { try machine.rows() == (2...50).map { "1-\($0) done" } }
      isSilent.withLock { $0 = false }
      try await eventually("it is delivered when it is answered") { try machine.isDone() }
      try await machine.stopDaemon()
    }
    #expect(try machine.rows() == (1...50).map { "1-\($0) done" })
  }
}

extension RecordingProxy.Request {
  fileprivate var isAboutFirstDay: Bool { body.contains(/"day_number":\s*1\b/) }
}
