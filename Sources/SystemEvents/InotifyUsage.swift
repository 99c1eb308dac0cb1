import Glibc

/// What the kernel gives one user for watching files ([inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html)), and what of it is in use.
package struct InotifyUsage: Hashable, Sendable {
  /// nil where `/proc` does not say.
  package var maximumInstances: Int?
  package var maximumWatches: Int?
  /// By the processes of the user that this one may look into.
  package var instances: Int
  package var watches: Int

  package init(maximumInstances: Int?, maximumWatches: Int?, instances: Int, watches: Int) {
    (self.maximumInstances, self.maximumWatches) = (maximumInstances, maximumWatches)
    (self.instances, self.watches) = (instances, watches)
  }

  /// Looks through `/proc`.
  package init(ofUser user: UInt32) {
    self.init(maximumInstances: Self.limit("max_user_instances"), maximumWatches: Self.limit("max_user_watches"), instances: 0, watches: 0)
    for process in Self.names(in: "/proc") where process.allSatisfy(\.isNumber) && Self.owner(of: "/proc/\(process)") == user {
      // A process that has ended by now, or that may not be looked into, counts for nothing.
      for descriptor in Self.names(in: "/proc/\(process)/fd") {
        guard Self.target(of: "/proc/\(process)/fd/\(descriptor)") == "anon_inode:inotify" else { continue }
        instances += 1
        watches += Self.text(of: "/proc/\(process)/fdinfo/\(descriptor)").split(separator: "\n").count { $0.hasPrefix("inotify ") }
      }
    }
  }

  private static func limit(_ name: String) -> Int? {
    Int(text(of: "/proc/sys/fs/inotify/\(name)").prefix { $0.isNumber })
  }

  private static func owner(of path: String) -> UInt32? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_uid : nil
  }

  private static func target(of path: String) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let count = readlink(path, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// At most 64 KiB, which is a thousand watches.
  private static func text(of path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var (bytes, count) = ([UInt8](repeating: 0, count: 65_536), 0)
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress.map { $0 + count }, $0.count - count) }
      guard got > 0 else { break }
      count += got
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  private static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
      let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
