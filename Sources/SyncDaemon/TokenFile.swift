package import APIClient
package import SystemPackage

/// Why a file gives no token: a clause that follows its path.
package struct TokenFileError: Error, Hashable {
  package let text: String
}

extension BearerToken {
  /// More than any token is long.
  private static let longest = 64 * 1024

  /// Reads the one token that a file holds; blanks and line breaks around it do not belong to it.
  package init(file: FilePath) throws(TokenFileError) {
    let bytes: [UInt8]
    do throws(ConfiguredFileError) {
      bytes = try file.readConfiguredFile(limit: Self.longest)
    } catch {
      throw TokenFileError(text: error.text)
    }
    let text = String(decoding: bytes, as: UTF8.self).drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
    guard !text.isEmpty else { throw TokenFileError(text: "is empty") }
    do throws(APIClientError) {
      try self.init(String(text))
    } catch {
      throw TokenFileError(text: "is refused: \(error)")
    }
  }
}
