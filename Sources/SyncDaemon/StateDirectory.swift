import Glibc
import SystemPackage

extension FilePath {
  /// Makes the directory, and those above it, for this user alone; one that is there stays as it is.
  func makeDirectories() throws(Errno) {
    guard withPlatformString({ mkdir($0, 0o700) }) != 0 else { return }
    switch Errno(rawValue: errno) {
    case .fileExists: return
    case .noSuchFileOrDirectory where !removingLastComponent().isEmpty:
      try removingLastComponent().makeDirectories()
      guard withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    case let error: throw error
    }
  }
}
