import ProgressServer
import Testing

@Suite("Where the server may listen") struct ListenAddressTests {
  @Test("This machine's own addresses are taken", arguments: ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
  func loopback(host: String) throws {
    #expect(try ListenAddress(host: host, port: 0).host == host)
  }

  @Test(
    "Others could reach any other host",
    arguments: ["0.0.0.0", "::", "192.168.1.2", "::ffff:127.0.0.1", "127.0.0.1.example", "127.1", "", "my-host"])
  func reachable(host: String) {
    #expect(throws: ListenAddressError.notLoopback(host)) { try ListenAddress(host: host, port: 8000) }
  }

  @Test("A port is a port", arguments: [-1, 65_536])
  func ports(port: Int) {
    #expect(throws: ListenAddressError.noPort(port)) { try ListenAddress(host: "127.0.0.1", port: port) }
  }
}
