package import Foundation
import Glibc

/// A file system of its own of a given size, in memory, for tests that fill one.
package final class SmallDisk {
  package let directory: URL
  private var filling: URL { directory.appending(path: "filling") }

  /// Whether this process may mount one: as root, where there is such a right.
  package static let isPossible: Bool = (try? SmallDisk(kibibytes: 64)) != nil

  /// - Parameter directory: Where to mount it; it is made, and goes with the disk.
  package init(kibibytes: Int, at directory: URL? = nil) throws {
    self.directory = directory ?? FileManager.default.temporaryDirectory.appending(path: "disk-\(UUID().uuidString.prefix(8))")
    let directory = self.directory
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    do {
      try Self.run("mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k", "none", directory.path)
    } catch {
      rmdir(directory.path)
      throw error
    }
  }

  deinit {
    // Lazily: whatever still has files open there keeps them.
    try? Self.run("umount", "-l", directory.path)
    rmdir(directory.path)
  }

  /// Takes what is free, all but `kibibytes`.
  package func fill(leaving kibibytes: Int = 0) throws {
    let file = open(filling.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { close(file) }
    let block = [UInt8](repeating: 0, count: 4096)
    while try free() > kibibytes, write(file, block, block.count) > 0 {}
  }

  /// Gives back what `fill` took.
  package func clear() throws {
    // At once, and not when the last copy of its descriptor is closed: a program that another test is starting has one.
    guard truncate(filling.path, 0) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    try FileManager.default.removeItem(at: filling)
  }

  /// In kibibytes.
  package func free() throws -> Int {
    var status = statvfs()
    guard statvfs(directory.path, &status) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return Int(status.f_bavail) * Int(status.f_frsize) / 1024
  }

  private static func run(_ command: String, _ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw POSIXError(.EPERM) }
  }
}
