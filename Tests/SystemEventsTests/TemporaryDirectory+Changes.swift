import CTestSupport
import Foundation
import SystemPackage
import TestSupport

/// What other programs do to the files in it.
extension TemporaryDirectory {
  func file(_ name: String) -> FilePath { path.appending(name) }

  /// Writes a file as a shell does: opened, emptied, written, closed.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: url.appending(path: name))
    try settle(name)
  }

  /// Waits until nobody has the file open for writing, so that its writers' IN_CLOSE_WRITE has come.
  ///
  /// A program that another test starts has a copy of every open descriptor until it is executed (fork(2)), and only the last close tells
  /// (inotify(7)).
  func settle(_ name: String) throws {
    let descriptor = open(file(name).string, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    defer { close(descriptor) }
    for _ in 1...60_000 {
      if ctestsupport_is_closed(descriptor) == 0 { return }
      guard errno == EAGAIN else { break }
      usleep(1_000)
    }
    throw Errno(rawValue: errno)
  }

  func make(_ name: String) throws {
    try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: false)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: url.appending(path: name).path, withDestinationPath: target)
  }

  /// Renames over what is there.
  func rename(_ name: String, to other: String) throws {
    guard Foundation.rename(file(name).string, file(other).string) == 0 else { throw Errno(rawValue: errno) }
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: url.appending(path: name))
  }
}
