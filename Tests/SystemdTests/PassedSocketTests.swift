import Systemd
import Testing

@Suite("Sockets that systemd passes")
struct PassedSocketTests {
  @Test("There are none for a process that no socket unit belongs to", arguments: ["network", ""])
  func none(name: String) {
    #expect(PassedSocket(netlinkNamed: name) == nil)
    #expect(PassedSocket(unixListenerNamed: name) == nil && PassedSocket(unixPacketListenerNamed: name) == nil)
  }
}
