package import SystemPackage

/// Where the value of a key comes from.
package enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
  case builtIn
  /// A line of the file, counted from 1.
  case file(String, line: Int)
  /// The variable's name.
  case environment(String)
  /// `--set KEY=VALUE` on the command line.
  case flag

  package var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let name, let line): "\(name):\(line)"
    case .environment(let name): name
    case .flag: "--set"
    }
  }

  /// A problem of the value that stands here, with the place where a person mends it.
  func problem(with path: String, _ text: String) -> String {
    switch self {
    case .builtIn: "\(path): \(text)"
    case .file: "\(self): \(path): \(text)"
    case .environment: "\(self): \(text)"
    case .flag: "\(self) \(path): \(text)"
    }
  }
}

/// A configuration that passed every check, and where each of its values comes from.
package struct ResolvedConfiguration: Hashable, Sendable {
  package let configuration: Configuration
  /// The file that was read; nil when there is none.
  package let file: FilePath?
  /// By the path of the key; a key that is not here has its default.
  let origins: [String: ConfigurationOrigin]

  package func origin(of key: ConfigurationKey) -> ConfigurationOrigin { origins[key.path] ?? .builtIn }

  /// The effective values, a line for each key: `api.base_url: http://127.0.0.1:8000  # default`.
  package var listing: String {
    ConfigurationKey.all.map { "\($0.path): \($0.text(configuration))  # \(origin(of: $0))\n" }.joined()
  }
}

/// Why there is no configuration: every problem, a line for each, with its place and the way out.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  package let problems: [String]

  package init(problems: [String]) {
    self.problems = problems
  }

  package var description: String { problems.joined(separator: "\n") }
}
