package import SystemPackage

/// What a configuration is made from: flags beat the environment, which beats the file, which beats the defaults.
///
/// Plain values, so that the same sources always give the same configuration; `load` reads the file.
package struct ConfigurationSources: Sendable {
  package var kind: ServiceKind
  package var environment: [String: String]
  package var file: FilePath?
  /// The text of `file`.
  package var fileText: String?
  /// `KEY=VALUE` each, in the order of the command line; the last of a key counts.
  package var flags: [String]
  /// Whether the credential with the API's token is there.
  package var tokenExists: Bool

  package init(
    kind: ServiceKind, environment: [String: String] = [:], file: FilePath? = nil, fileText: String? = nil, flags: [String] = [],
    tokenExists: Bool = false
  ) {
    (self.kind, self.environment, self.file, self.fileText) = (kind, environment, file, fileText)
    (self.flags, self.tokenExists) = (flags, tokenExists)
  }

  /// Names the configuration file; a flag of the program beats it.
  package static let fileVariable = ConfigurationKey.environmentPrefix + "CONFIG"

  /// The configuration that the sources give.
  ///
  /// Throws `ConfigurationError` with every problem of every source, so that a person mends all of it in one go.
  package func resolve() throws(ConfigurationError) -> ResolvedConfiguration {
    var configuration = Configuration(kind: kind, environment: environment, tokenExists: tokenExists)
    var origins: [String: ConfigurationOrigin] = [:]
    var problems: [String] = []
    var wrong: Set<String> = []
    for finding in findingsInFile + findingsInEnvironment + findingsInFlags {
      switch finding {
      case .problem(let problem): problems.append(problem)
      case .setting(let key, let value, let origin):
        do throws(ValueProblem) {
          try refuseRepetition(from: origins[key.path], to: origin)
          try key.assign(value, &configuration)
          origins[key.path] = origin
        } catch {
          problems.append(origin.problem(with: key.path, error.text))
          wrong.insert(key.path)
        }
      }
    }
    if origins["spool.socket"] == nil { configuration.spool.socket = configuration.defaultSubmissionSocket }
    // A value that is wrong in itself would only mislead a check against another.
    problems += configuration.contradictions.filter { !wrong.contains($0.path) && !wrong.contains($0.other ?? "") }
      .map { (origins[$0.path] ?? .builtIn).problem(with: $0.path, $0.text) }
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    return ResolvedConfiguration(configuration: configuration, file: fileText == nil ? nil : file, origins: origins)
  }

  /// YAML itself refuses a name that a mapping repeats, but not `log: {level: …}` beside `log.level: …`.
  private func refuseRepetition(from first: ConfigurationOrigin?, to second: ConfigurationOrigin) throws(ValueProblem) {
    guard case .file(_, let line)? = first, case .file = second else { return }
    throw ValueProblem("given more than once, first in line \(line)")
  }

  private var findingsInFile: [Finding] {
    fileText.map { ConfigurationFile(text: $0, name: file?.string ?? "the configuration").findings } ?? []
  }

  private var findingsInEnvironment: [Finding] {
    let keys = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.environmentName, $0) })
    let ours = environment.filter { $0.key.hasPrefix(ConfigurationKey.environmentPrefix) && $0.key != Self.fileVariable }
    return ours.sorted { $0.key < $1.key }.map { name, value in
      guard let key = keys[name] else { return .problem(unknown(name, among: keys.keys + [Self.fileVariable])) }
      return .setting(key, .text(value), .environment(name))
    }
  }

  private var findingsInFlags: [Finding] {
    flags.map { flag in
      guard let equals = flag.firstIndex(of: "=") else { return .problem("--set \(flag): must be KEY=VALUE") }
      let path = String(flag[..<equals])
      guard let key = ConfigurationKey.byPath[path] else {
        return .problem("--set " + unknown(path, among: ConfigurationKey.byPath.keys))
      }
      return .setting(key, .text(String(flag[flag.index(after: equals)...])), .flag)
    }
  }
}
