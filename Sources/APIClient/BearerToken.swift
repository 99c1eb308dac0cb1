/// The secret that tells the API who is asking, [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
///
/// It never shows in a description.
package struct BearerToken: Hashable, Sendable {
  let text: String

  /// - Parameter text: Visible ASCII characters; what surrounds them in a file, a line break above all, is the reader's to cut.
  /// - Throws: `APIClientError.token`.
  package init(_ text: String) throws(APIClientError) {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw .token }
    self.text = text
  }
}

extension BearerToken: CustomStringConvertible, CustomReflectable {
  package var description: String { "(hidden)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
