import Systemd
import Testing

@Suite("Sockets that systemd passes")
struct PassedSocketTests {
  @Test("There are none for a process that no socket unit belongs to")
  func none() {
    #expect(PassedSocket.all.isEmpty)
  }
}
