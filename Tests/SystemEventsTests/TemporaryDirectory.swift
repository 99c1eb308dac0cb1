import Foundation
import SystemPackage

/// A fresh directory that goes with its owner.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "system-events-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit {
    // What is left lies in the system's own temporary directory.
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> FilePath { FilePath(url.appending(path: name).path) }

  /// Writes a file as a shell does: opened, emptied, written, closed.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: url.appending(path: name))
  }

  func make(_ name: String) throws {
    try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: false)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: url.appending(path: name).path, withDestinationPath: target)
  }

  /// Renames over what is there.
  func rename(_ name: String, to other: String) throws {
    guard Foundation.rename(url.appending(path: name).path, url.appending(path: other).path) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: url.appending(path: name))
  }
}
