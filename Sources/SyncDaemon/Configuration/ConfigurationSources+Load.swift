package import SystemPackage

extension ConfigurationSources {
  /// The longest file that is read, so that a mistaken path such as `/dev/zero` ends.
  private static let maximumFileSize = 1 << 20

  /// Reads the file, if there is one, and resolves everything.
  ///
  /// - Parameters:
  ///   - file: The file that a flag names; else the one that `PROGRESS_SYNC_CONFIG` names; else the default one, which may be missing.
  ///   - flags: `KEY=VALUE` each.
  ///
  /// Throws `ConfigurationError` with every problem; a file that cannot be read is one.
  package static func load(
    kind: ServiceKind, environment: [String: String], file: FilePath? = nil, flags: [String] = []
  ) throws(ConfigurationError) -> ResolvedConfiguration {
    var sources = ConfigurationSources(kind: kind, environment: environment, flags: flags)
    let named = file ?? environment[fileVariable].flatMap { $0.isEmpty ? nil : FilePath($0) }
    sources.file = named ?? Configuration.defaultFile(kind: kind, environment: environment)
    sources.tokenExists = Configuration.tokenCredential(in: environment).map(isReadable) ?? false
    guard let path = sources.file else { return try sources.resolve() }
    let bytes: [UInt8]
    do throws(ConfiguredFileError) {
      bytes = try path.readConfiguredFile(limit: maximumFileSize)
    } catch {
      if error == .system(.noSuchFileOrDirectory), named == nil { return try sources.resolve() }
      throw ConfigurationError(problems: ["\(path): \(error.text)"] + sources.problemsWithoutFile)
    }
    sources.fileText = String(validating: bytes, as: UTF8.self)
    guard sources.fileText != nil else { throw ConfigurationError(problems: ["\(path): is not UTF-8"] + sources.problemsWithoutFile) }
    return try sources.resolve()
  }

  private var problemsWithoutFile: [String] {
    do throws(ConfigurationError) {
      _ = try resolve()
      return []
    } catch {
      return error.problems
    }
  }

  private static func isReadable(_ path: FilePath) -> Bool {
    // Whatever keeps it from being opened, there is no token to use.
    guard let descriptor = try? FileDescriptor.open(path, .readOnly) else { return false }
    return (try? descriptor.close()) != nil
  }
}
