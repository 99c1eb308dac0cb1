import Testing

@testable import ControlServer

@Suite("How many may be connected")
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
}
