/// Which engine keeps the data, and where: `sqlite:PATH`.
struct DatabaseURL {
  let path: String

  init(_ text: String) throws(DatabaseURLError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .noScheme(text) }
    guard parts[0] == "sqlite" else { throw .unknownScheme(String(parts[0])) }
    guard !parts[1].isEmpty else { throw .noPath }
    path = String(parts[1])
  }
}

enum DatabaseURLError: Error, CustomStringConvertible {
  case noScheme(String)
  case unknownScheme(String)
  case noPath

  var description: String {
    switch self {
    case .noScheme(let text): "--database \(text) names no engine; write sqlite:\(text)"
    case .unknownScheme(let scheme): "--database \(scheme): is for an engine that this build does not have; it has sqlite:PATH"
    case .noPath: "--database sqlite: names no file; write sqlite:PATH, such as sqlite:progress.sqlite"
    }
  }
}
