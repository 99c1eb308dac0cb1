package import Foundation
import Glibc
package import SystemPackage

/// A fresh directory of a test's own, removed with everything in it when the test lets go of it.
package final class TemporaryDirectory: Sendable {
  /// Short, so that the address of a socket in it fits.
  package let path: FilePath
  package var url: URL { URL(filePath: path.string) }

  /// - Parameter permissions: 0o755 for a test in which other users come in.
  package init(permissions: mode_t = 0o700) throws {
    var template = Array(FileManager.default.temporaryDirectory.appending(path: "progress-sync-XXXXXX").path.utf8CString)
    guard mkdtemp(&template) != nil, chmod(template, permissions) == 0 else { throw Errno(rawValue: errno) }
    path = FilePath(platformString: template)
  }

  deinit {
    // What stays behind lies in the system's own temporary directory.
    try? FileManager.default.removeItem(at: url)
  }
}

/// Lends a test the path of a fresh directory of its own, where what uses the path does not hold on to the directory.
package func withTemporaryDirectory(_ test: (String) async throws -> Void) async throws {
  let directory = try TemporaryDirectory()
  try await test(directory.path.string)
  withExtendedLifetime(directory) {}
}
