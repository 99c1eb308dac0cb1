import CSystemEvents
import Glibc

/// What messages of rtnetlink(7) mean for somebody who waits for a way to a server.
struct RouteMessages {
  /// By the numbers of their interfaces. A link says how it is whenever anything about it changes, and only coming up is news.
  private var runningLinks: Set<Int32> = []

  /// Whether one of the messages that one recv(2) returned says that the network may have become better.
  mutating func mayHelp(_ datagram: ArraySlice<UInt8>) -> Bool {
    var mayHelp = false
    var rest = datagram
    while let header = rest.load(nlmsghdr.self), header.nlmsg_len >= MemoryLayout<nlmsghdr>.size, header.nlmsg_len <= rest.count {
      let body = rest.prefix(Int(header.nlmsg_len)).dropFirst(MemoryLayout<nlmsghdr>.size)
      if self.mayHelp(Int(header.nlmsg_type), body) { mayHelp = true }
      // Each message begins at a multiple of four bytes.
      rest = rest.dropFirst((Int(header.nlmsg_len) + 3) & ~3)
    }
    return mayHelp
  }

  private mutating func mayHelp(_ type: Int, _ body: ArraySlice<UInt8>) -> Bool {
    switch type {
    case Int(RTM_NEWADDR), Int(RTM_NEWROUTE):
      return true
    case Int(RTM_NEWLINK):
      guard let link = body.load(ifinfomsg.self) else { return false }
      let isRunning = link.ifi_flags & UInt32(IFF_UP) != 0 && link.ifi_flags & UInt32(IFF_RUNNING) != 0
      if !isRunning { runningLinks.remove(link.ifi_index) }
      return isRunning && runningLinks.insert(link.ifi_index).inserted
    case Int(RTM_DELLINK):
      if let link = body.load(ifinfomsg.self) { runningLinks.remove(link.ifi_index) }
      return false
    default:
      return false
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func load<Header>(_ type: Header.Type) -> Header? {
    guard count >= MemoryLayout<Header>.size else { return nil }
    return withUnsafeBytes { $0.loadUnaligned(as: type) }
  }
}
