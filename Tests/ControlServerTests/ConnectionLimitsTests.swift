import Synchronization
import TestSupport
import Testing

@testable import ControlServer

@Suite("How many may be connected", .timeLimit(.minutes(5)))
struct ConnectionLimitsTests {
  @Test("One user gets no more than a share, and administrators get in when all others do not")
  func shares() {
    var count = ConnectionCount(limits: ConnectionLimits(total: 6, reserved: 2, perUser: 3))
    let (alice, bob, root) = (Caller(uid: 1_001, daemon: 7), Caller(uid: 1_002, daemon: 7), Caller(uid: 0, daemon: 7))
    for _ in 1...3 { #expect(count.admit(alice) == nil) }
    #expect(count.admit(alice)?.contains("1001 has 3 connections") == true)
    #expect(count.admit(bob) == nil)
    #expect(count.admit(bob)?.contains("4 connections are open") == true)
    for _ in 1...2 { #expect(count.admit(root) == nil) }
    #expect(count.admit(root) != nil)
    count.leave(alice)
    #expect(count.admit(root) == nil)
    #expect(count.admit(alice) != nil)
  }

  @Test("Who asks and goes away keeps the place until the request is done")
  func goneClients() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let port = SamplePort()
    port.isBusy.withLock { $0 = true }
    try await serving(port, on: socket) {
      for number in 1...64 {
        let client = try RawClient(path)
        client.send("POST /v1/flush HTTP/1.1\r\nHost: x\r\n\r\n")
        while port.commands.withLock({ $0.count }) < number { try await Task.sleep(for: .milliseconds(1)) }
      }
      for _ in 1...50 {
        let late = try RawClient(path)
        let answer = try await late.read(until: "}\n")
        #expect(answer.contains("64 connections are open"))
      }
      port.isBusy.withLock { $0 = false }
      var answer = ""
      while !answer.hasPrefix("HTTP/1.1 200") {
        let client = try RawClient(path)
        client.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = try await client.read(until: "}\n")
      }
    }
  }
}
