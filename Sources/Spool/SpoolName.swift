/// The name of a directory entry.
///
/// File names on Linux are bytes; a `String` would repair invalid UTF-8 and then no longer name the file.
package struct SpoolName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The longest name that the usual Linux file systems take (`NAME_MAX`, limits.h).
  package static let maximumLength = 255

  package let bytes: [UInt8]

  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(_ text: String) {
    self.init(bytes: Array(text.utf8))
  }

  /// Whether a file of this name is one that clients want delivered: it ends in `.json` and is not hidden.
  package var isActionFile: Bool { !isHidden && bytes.count > Self.suffix.count && bytes.suffix(Self.suffix.count) == Self.suffix[...] }

  /// Whether the name begins with a dot, as those of unfinished files do.
  package var isHidden: Bool { bytes.first == UInt8(ascii: ".") }

  /// The name as logs and statuses may show it: control and format characters, line separators and bytes that are not UTF-8
  /// appear as `\xNN`, so that a name can neither forge a line nor steer a terminal.
  package var description: String { escaped(bytes) }

  /// Reads back what `description` has made: `\\` is a backslash, `\xNN` a byte, and everything else itself. So every name can be given as
  /// text, and a text names one file. Nil for another backslash, and for what no entry of a directory can be called.
  package init?(escaped text: String) {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        let digits = rest.prefix(2)
        guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    self.init(bytes: bytes)
    guard isEntry else { return nil }
  }

  /// Whether a directory can have an entry of this name: so it leads nowhere else.
  var isEntry: Bool {
    !bytes.isEmpty && bytes.count <= Self.maximumLength && bytes != [0x2e] && bytes != [0x2e, 0x2e]
      && !bytes.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
  }

  package static func < (left: SpoolName, right: SpoolName) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

  static let suffix = Array(".json".utf8)

  /// `prefix` and as many bytes of the name as leave room for `reserve` more.
  func prefixed(with prefix: String, reserving reserve: Int = 0) -> SpoolName {
    let prefix = Array(prefix.utf8)
    return SpoolName(bytes: prefix + bytes.prefix(max(0, Self.maximumLength - reserve - prefix.count)))
  }

  /// Lends the name to a system call.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { buffer in
      // The terminator makes the buffer non-empty, so there is always a base address.
      buffer.baseAddress.map(body) ?? "".withCString(body)
    }
  }
}

/// `bytes` as text on one line in which nothing is invisible. Backslashes are doubled where the result is to be read back.
func escaped(_ bytes: [UInt8], doublingBackslashes: Bool = true) -> String {
  var text = ""
  var parser = Unicode.UTF8.ForwardParser()
  var input = bytes.makeIterator()
  var position = 0
  while true {
    let length: Int
    switch parser.parseScalar(from: &input) {
    case .emptyInput: return text
    case .valid(let encoded):
      length = encoded.count
      let scalar = Unicode.UTF8.decode(encoded)
      if scalar == "\\" && doublingBackslashes {
        text += "\\\\"
      } else if scalar.isPlain {
        text.unicodeScalars.append(scalar)
      } else {
        text += hexEscapes(bytes[position..<position + length])
      }
    case .error(let invalid):
      length = invalid
      text += hexEscapes(bytes[position..<position + length])
    }
    position += length
  }
}

private func hexEscapes(_ bytes: ArraySlice<UInt8>) -> String {
  bytes.map { "\\x" + hexadecimal($0, digits: 2) }.joined()
}

/// `number` in lower-case hexadecimal digits, padded with zeros.
func hexadecimal(_ number: some BinaryInteger, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension Unicode.Scalar {
  fileprivate var isPlain: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }
}
