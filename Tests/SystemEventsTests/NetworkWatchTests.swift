import CSystemEvents
import Glibc
import Testing

@testable import SystemEvents

@Suite(
  "The network", .timeLimit(.minutes(5)), .enabled(if: PrivateNetwork.isPossible, "making a network namespace takes CAP_SYS_ADMIN"))
struct NetworkWatchTests {
  private let network: PrivateNetwork

  init() throws {
    network = try PrivateNetwork()
  }

  @Test("rings when a link comes up, with its addresses and routes")
  func linkUp() async throws {
    let watch = NetworkWatch(socket: network.notices)
    var rings = watch.rings.makeAsyncIterator()
    try network.setLoopback(isUp: true)
    #expect(await rings.next() != nil)
  }

  @Test("rings when an address appears")
  func address() async throws {
    let watch = NetworkWatch(socket: network.notices)
    var rings = watch.rings.makeAsyncIterator()
    // The link stays down, so it is the address that rings.
    for lastByte in UInt8(2)...4 {
      try network.setLoopbackAddress(lastByte)
      #expect(await rings.next() != nil)
    }
  }

  @Test("that has messages from before the watch began rings at once")
  func backlog() async throws {
    try network.setLoopback(isUp: true)
    let watch = NetworkWatch(socket: network.notices)
    var rings = watch.rings.makeAsyncIterator()
    #expect(await rings.next() != nil)
  }

  @Test("does not ring for changes that lead nowhere, unless there were too many to tell")
  func overflow() throws {
    defer { close(network.notices) }
    var messages = RouteMessages()
    for size in Int32(1500)..<1510 { try network.setLoopbackSize(size) }
    var rings = NetworkWatch.drain(network.notices, into: &messages)
    #expect(!rings)
    for size in Int32(1000)..<11_000 { try network.setLoopbackSize(size) }
    rings = NetworkWatch.drain(network.notices, into: &messages)
    #expect(rings)
    try network.setLoopbackSize(1500)
    rings = NetworkWatch.drain(network.notices, into: &messages)
    #expect(!rings)
  }
}

@Suite("A message of the kernel about the network")
struct RouteMessagesTests {
  private static let running = UInt32(IFF_UP) | UInt32(IFF_RUNNING)

  @Test(
    "rings when the network may have become better",
    arguments: [
      ([message(RTM_NEWADDR)], true), ([message(RTM_NEWROUTE)], true), ([link(1, running)], true),
      ([message(RTM_DELADDR)], false), ([message(RTM_DELROUTE)], false), ([link(1, UInt32(IFF_UP))], false),
      ([message(RTM_DELLINK)], false), ([message(RTM_NEWNEIGH)], false), ([], false),
      // Among others, whatever their length.
      ([message(RTM_DELADDR), message(RTM_DELROUTE, size: 21), message(RTM_NEWADDR)], true),
      ([message(RTM_DELROUTE, size: 21), link(3, 0), link(4, running)], true),
    ])
  func meaning(parts: [[UInt8]], mayHelp: Bool) {
    var messages = RouteMessages()
    let datagram = parts.flatMap { $0 }
    let rings = messages.mayHelp(datagram[...])
    #expect(rings == mayHelp)
  }

  @Test("of a link rings when it comes up, and not for each thing that is said of it while it is up")
  func comingUp() {
    var messages = RouteMessages()
    let steps: [([UInt8], Bool)] = [
      (Self.link(1, Self.running), true), (Self.link(1, Self.running), false), (Self.link(2, Self.running), true),
      (Self.link(1, UInt32(IFF_UP)), false), (Self.link(1, Self.running), true),
      (Self.message(RTM_DELLINK, body: Self.information(1, 0)), false), (Self.link(1, Self.running), true),
    ]
    for (step, (datagram, mayHelp)) in steps.enumerated() {
      let rings = messages.mayHelp(datagram[...])
      #expect(rings == mayHelp, "step \(step)")
    }
  }

  @Test("that is cut short or senseless is passed over", arguments: 0..<32)
  func damaged(length: Int) {
    let whole = Self.link(1, Self.running)
    let datagrams: [[UInt8]] = [Array(whole.prefix(length)), Array(repeating: 0, count: length), Array(repeating: 255, count: length)]
    for datagram in datagrams {
      var messages = RouteMessages()
      let rings = messages.mayHelp(datagram[...])
      #expect(!rings)
    }
  }

  /// A message with its header, padded to a multiple of four bytes.
  private static func message(_ type: some BinaryInteger, size: Int = 16) -> [UInt8] {
    message(type, body: [UInt8](repeating: 0, count: size))
  }

  private static func message(_ type: some BinaryInteger, body: [UInt8]) -> [UInt8] {
    let header = nlmsghdr(nlmsg_len: UInt32(16 + body.count), nlmsg_type: UInt16(type), nlmsg_flags: 0, nlmsg_seq: 0, nlmsg_pid: 0)
    return withUnsafeBytes(of: header) { Array($0) } + body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
  }

  private static func link(_ index: Int32, _ flags: UInt32) -> [UInt8] {
    message(RTM_NEWLINK, body: information(index, flags))
  }

  private static func information(_ index: Int32, _ flags: UInt32) -> [UInt8] {
    withUnsafeBytes(of: ifinfomsg(ifi_family: 0, __ifi_pad: 0, ifi_type: 0, ifi_index: index, ifi_flags: flags, ifi_change: 0)) {
      Array($0)
    }
  }
}
