import Glibc

/// An address of this machine that no other can reach, with a port: `127.0.0.1:9464`, `[::1]:9464`.
package struct LoopbackAddress: Hashable, Sendable, CustomStringConvertible {
  /// In numbers, without brackets.
  package let host: String
  /// 0 lets the kernel choose.
  package let port: Int

  /// Reads what `description` writes; nil for anything else, and for an address that others may reach.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...], radix: 10) else { return nil }
    let (before, digits) = (text[..<colon], text[text.index(after: colon)...])
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let isBracketed = before.hasPrefix("[") && before.hasSuffix("]")
    let host = String(isBracketed ? before.dropFirst().dropLast() : before)
    guard isBracketed ? Self.isLoopback6(host) : Self.isLoopback4(host) else { return nil }
    (self.host, self.port) = (host, Int(port))
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// 127.0.0.0/8: [RFC 1122, section 3.2.1.3](https://www.rfc-editor.org/rfc/rfc1122#section-3.2.1.3).
  private static func isLoopback4(_ host: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
  }

  /// ::1 alone: [RFC 4291, section 2.5.3](https://www.rfc-editor.org/rfc/rfc4291#section-2.5.3).
  private static func isLoopback6(_ host: String) -> Bool {
    var address = in6_addr()
    guard inet_pton(AF_INET6, host, &address) == 1 else { return false }
    return withUnsafeBytes(of: address) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
  }
}
