import Glibc
import SystemPackage

/// Why a file that the configuration names cannot be read.
enum ConfiguredFileError: Error, Hashable {
  case system(Errno)
  case pipe
  case tooLong(limit: Int)

  var text: String {
    switch self {
    case .system(let code): "cannot be read: \(code)"
    case .pipe: "is a named pipe, not a file"
    case .tooLong(let limit): "is longer than \(limit >= 1 << 20 ? "\(limit >> 20) MiB" : "\(limit >> 10) KiB"); is it the right file?"
    }
  }
}

extension FilePath {
  /// The whole contents of a file of at most `limit` bytes. A named pipe in its place is refused, and nothing is waited for.
  func readConfiguredFile(limit: Int) throws(ConfiguredFileError) -> [UInt8] {
    do {
      let descriptor = try FileDescriptor.open(self, .readOnly, options: [.nonBlocking, .closeOnExec])
      return try descriptor.closeAfter {
        var status = Glibc.stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        guard status.st_mode & S_IFMT != S_IFIFO else { throw ConfiguredFileError.pipe }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
          let read = try bytes.withUnsafeMutableBytes { try descriptor.read(into: .init(rebasing: $0[count...])) }
          if read == 0 { break }
          count += read
        }
        guard count <= limit else { throw ConfiguredFileError.tooLong(limit: limit) }
        return Array(bytes.prefix(count))
      }
    } catch let error as ConfiguredFileError {
      throw error
    } catch {
      throw .system(error as? Errno ?? .ioError)
    }
  }
}
