import Glibc
import NIOCore

/// Where the server listens: this machine only, as long as nobody has to say who they are.
package struct ListenAddress: Hashable, Sendable {
  package let host: String
  /// 0 lets the system choose.
  package let port: Int

  /// - Throws: `ListenAddressError` for a host that others could reach, and for a port that is none.
  package init(host: String, port: Int) throws(ListenAddressError) {
    guard (0...65_535).contains(port) else { throw .noPort(port) }
    guard Self.isLoopback(host) else { throw .notLoopback(host) }
    (self.host, self.port) = (host, port)
  }

  /// Of the names, only `localhost` must stand for loopback ([RFC 6761, section 6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)).
  private static func isLoopback(_ host: String) -> Bool {
    switch try? SocketAddress(ipAddress: host, port: 0) {
    case .v4: host.hasPrefix("127.")
    case .v6: host == "::1"
    default: host == "localhost"
    }
  }

  func url(port: Int) -> String {
    "http://" + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }
}

/// Why an address is refused before anything listens.
package enum ListenAddressError: Error, Hashable, CustomStringConvertible {
  case notLoopback(String)
  case noPort(Int)

  package var description: String {
    switch self {
    case .notLoopback(let host):
      "will not listen on \(host): there is no authentication yet, so only this machine may connect; use --host 127.0.0.1"
    case .noPort(let port): "\(port) is not a port; use --port with 0 to 65535, where 0 lets the system choose"
    }
  }
}

/// Why an address cannot be listened on.
package struct ListenError: Error, CustomStringConvertible {
  let address: ListenAddress
  let error: IOError

  init(address: ListenAddress, _ error: IOError) {
    (self.address, self.error) = (address, error)
  }

  package var description: String {
    let place = "\(address.host):\(address.port)"
    return error.errnoCode == EADDRINUSE
      ? "\(place) is already in use; is another progress-api running? Choose another with --port"
      : "cannot listen on \(place): \(error)"
  }
}
