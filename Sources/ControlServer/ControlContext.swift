import ControlProtocol
import Hummingbird
import Logging

/// What is known of a request besides itself.
struct ControlContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let caller: Caller
  /// Completes when nobody waits for the answer any more.
  let gone: HTTPListener.Gone

  struct Source: RequestContextSource {
    let logger: Logger
    let caller: Caller
    let gone: HTTPListener.Gone
  }

  init(source: Source) {
    (coreContext, caller, gone) = (CoreRequestContextStorage(source: source), source.caller, source.gone)
  }

  /// A component of the path by its name in the route. The router leaves the escapes in it that RFC 3986 demands.
  func component(_ name: String) throws(ControlRefusal) -> String {
    let text = parameters.get(name) ?? ""
    guard let decoded = text.withoutPercentEncoding else {
      throw ControlRefusal(.badRequest, "\(text) is not escaped as a URL is: write % as %25, and UTF-8")
    }
    return decoded
  }
}

extension String {
  /// nil where an escape is not complete, or the bytes are not UTF-8.
  fileprivate var withoutPercentEncoding: String? {
    var bytes: [UInt8] = []
    var rest = utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, Substring(digits).allSatisfy(\.isHexDigit), let value = UInt8(Substring(digits), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
