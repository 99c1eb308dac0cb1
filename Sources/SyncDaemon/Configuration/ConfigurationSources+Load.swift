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
    do throws(FileProblem) {
      sources.fileText = try text(of: path)
    } catch {
      if case .errno(.noSuchFileOrDirectory) = error, named == nil { return try sources.resolve() }
      throw ConfigurationError(problems: ["\(path): \(error.text)"] + sources.problemsWithoutFile)
    }
    return try sources.resolve()
  }

  private enum FileProblem: Error {
    case errno(Errno)
    case tooLong
    case notUTF8

    var text: String {
      switch self {
      case .errno(let errno): "cannot be read: \(errno)"
      case .tooLong: "is longer than 1 MiB; is it the right file?"
      case .notUTF8: "is not UTF-8"
      }
    }
  }

  private var problemsWithoutFile: [String] {
    do throws(ConfigurationError) {
      _ = try resolve()
      return []
    } catch {
      return error.problems
    }
  }

  private static func text(of path: FilePath) throws(FileProblem) -> String {
    var bytes = [UInt8](repeating: 0, count: maximumFileSize + 1)
    var count = 0
    do {
      let descriptor = try FileDescriptor.open(path, .readOnly)
      try descriptor.closeAfter {
        try bytes.withUnsafeMutableBytes { buffer in
          while count < buffer.count {
            let read = try descriptor.read(into: .init(rebasing: buffer[count...]))
            if read == 0 { break }
            count += read
          }
        }
      }
    } catch {
      throw .errno(error as? Errno ?? .ioError)
    }
    guard count <= maximumFileSize else { throw .tooLong }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else { throw .notUTF8 }
    return text
  }

  private static func isReadable(_ path: FilePath) -> Bool {
    // Whatever keeps it from being opened, there is no token to use.
    guard let descriptor = try? FileDescriptor.open(path, .readOnly) else { return false }
    return (try? descriptor.close()) != nil
  }
}
