import ProgressModel
import SystemPackage

extension ValueFormat where Value == Duration {
  /// A positive duration: `500ms`, `10s`, `1m30s`, `2h`.
  static func duration(upTo longest: Duration) -> ValueFormat {
    let format = ValueFormat("a duration such as 500ms or 2s", parse: { Duration(spelled: $0) }, write: \.spelled)
    let hinting = ValueFormat(
      read: { (raw) throws(ValueProblem) in
        if case .text(let text) = raw, !text.isEmpty, text.allSatisfy(\.isNumber) {
          throw ValueProblem("must be a duration such as 500ms or 2s, is \(raw.shown); add a unit (ms, s, m, h)")
        }
        return try format.read(raw)
      }, write: format.write, rule: format.rule)
    return hinting.within(.milliseconds(1)...longest)
  }
}

extension ValueFormat where Value == Bool {
  static var boolean: ValueFormat {
    ValueFormat("true or false", parse: { Bool($0) }, write: { $0 ? "true" : "false" })
  }
}

extension ValueFormat where Value == Int {
  static func integer(in range: ClosedRange<Int>) -> ValueFormat {
    ValueFormat("a whole number", parse: { Int($0) }, write: String.init).within(range)
  }

  /// A size in bytes: `64KiB`, `1MiB`, `65536`.
  static func size(upTo largest: Int) -> ValueFormat {
    ValueFormat("a size such as 64KiB or 1MiB", parse: { Int(spelledSize: $0) }, write: \.spelledSize).within(1...largest)
  }
}

extension ValueFormat where Value == FilePath {
  static var path: ValueFormat {
    ValueFormat(
      "an absolute path", parse: { $0.hasPrefix("/") && !$0.unicodeScalars.contains("\0") ? FilePath($0) : nil }, write: \.string)
  }
}

extension ValueFormat where Value == LoopbackAddress {
  static var loopbackAddress: ValueFormat {
    ValueFormat(
      "a port of this machine's own addresses (127.0.0.0/8, ::1) such as 127.0.0.1:9464", parse: { LoopbackAddress($0) },
      write: \.description)
  }
}

extension ValueFormat where Value: RawRepresentable<String> & CaseIterable {
  /// One of the names of an enum.
  static func choice() -> ValueFormat {
    ValueFormat(
      "one of " + Value.allCases.map(\.rawValue).joined(separator: ", "), parse: { Value(rawValue: $0) }, write: \.rawValue)
  }
}

extension ValueFormat where Value == String {
  /// The name of a group, or its number.
  static var group: ValueFormat {
    ValueFormat("the name of a group", parse: { $0.contains { $0.isWhitespace || ":/,".contains($0) } ? nil : $0 }, write: { $0 })
  }

  /// Where an HTTP API is. A slash at the end is dropped.
  static var baseURL: ValueFormat {
    ValueFormat(
      read: { (raw) throws(ValueProblem) in
        guard case .text(let text) = raw, let (authority, path) = text.splitHTTPURL else {
          throw ValueProblem("must be an http or https URL such as https://progress.example.org, is \(raw.shown)")
        }
        // Not shown, because a password in a journal is worse than a short message.
        guard !authority.contains("@") else { throw ValueProblem("must not hold a user or a password; see api.token_file") }
        guard authority.isHostAndPort else { throw ValueProblem("must hold a host, and a port from 1 to 65535 or none, is \(raw.shown)") }
        guard !path.contains(where: { $0 == "?" || $0 == "#" }) else {
          throw ValueProblem("must end with the path, without ? or #, is \(raw.shown)")
        }
        return text.droppingTrailingSlashes
      }, write: { $0 }, rule: "an http or https URL such as https://progress.example.org")
  }
}

extension String {
  /// What stands between the scheme and the path, and the rest; nil without an HTTP scheme, or with characters that no URL has.
  fileprivate var splitHTTPURL: (authority: Substring, rest: Substring)? {
    guard utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      let scheme = ["http://", "https://"].first(where: { lowercased().hasPrefix($0) })
    else { return nil }
    let afterScheme = dropFirst(scheme.count)
    let end = afterScheme.firstIndex { "/?#".contains($0) } ?? afterScheme.endIndex
    return (afterScheme[..<end], afterScheme[end...])
  }

  fileprivate var droppingTrailingSlashes: String {
    var text = self
    while text.last == "/" { text.removeLast() }
    return text
  }
}

extension Substring {
  /// `host`, `host:8000` or `[::1]:8000`.
  fileprivate var isHostAndPort: Bool {
    let hostEnd = first == "[" ? firstIndex(of: "]").map { index(after: $0) } : firstIndex(of: ":") ?? endIndex
    guard let hostEnd, hostEnd > startIndex else { return false }
    let port = self[hostEnd...]
    return port.isEmpty || (port.first == ":" && port.dropFirst().allSatisfy(\.isNumber) && UInt16(port.dropFirst()).map { $0 > 0 } == true)
  }
}
