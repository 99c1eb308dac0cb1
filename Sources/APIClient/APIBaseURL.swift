import FoundationEssentials
import Glibc

/// Where a progress API is: `http` or `https`, a host, perhaps a port and a path that all calls begin with.
package struct APIBaseURL: Hashable, Sendable {
  /// The URL with its scheme in lower case and without a slash at its end, so that a call's path continues it.
  package let text: String
  package let scheme: Scheme
  /// A name or an address; IPv6 without its brackets.
  package let host: String
  package let port: Int

  package enum Scheme: String, Sendable {
    case http, https
  }

  /// - Throws: `APIClientError.baseURL` with what is wrong.
  package init(_ text: String) throws(APIClientError) {
    func failure(_ problem: String) -> APIClientError { .baseURL(text, problem: problem) }
    guard let url = URL(string: text, encodingInvalidCharacters: false) else { throw failure("is not a URL") }
    guard let scheme = Scheme(of: url) else { throw failure("must begin with http:// or https://") }
    guard let host = url.host(percentEncoded: true), !host.isEmpty else { throw failure("has no host") }
    guard url.user == nil, url.password == nil else {
      throw .baseURL("\(scheme)://…@\(host)", problem: "must not hold a user or password, but a token can be set")
    }
    guard url.query == nil, url.fragment == nil else { throw failure("must end with its path: no ? and no #") }
    guard (1...65_535).contains(url.port ?? scheme.defaultPort) else { throw failure("has a port that is not within 1 to 65535") }
    self.text = scheme.rawValue + text.dropFirst(scheme.rawValue.count).reversed().drop { $0 == "/" }.reversed()
    self.scheme = scheme
    self.host = host.first == "[" ? String(host.dropFirst().dropLast()) : host
    self.port = url.port ?? scheme.defaultPort
  }

  /// The host and port as messages name them.
  package var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  /// Whether the host is this machine by definition, so that what is sent there cannot be read on a network.
  package var isLoopback: Bool {
    var address = in_addr()
    let isIPv4 = inet_pton(AF_INET, host, &address) == 1
    return isIPv4 ? UInt32(bigEndian: address.s_addr) >> 24 == 127 : host == "::1" || host.lowercased() == "localhost"
  }
}

extension APIBaseURL.Scheme {
  fileprivate init?(of url: URL) {
    guard let scheme = url.scheme else { return nil }
    self.init(rawValue: scheme.lowercased())
  }

  fileprivate var defaultPort: Int {
    switch self {
    case .http: 80
    case .https: 443
    }
  }
}

extension APIBaseURL: CustomStringConvertible {
  package var description: String { text }
}
