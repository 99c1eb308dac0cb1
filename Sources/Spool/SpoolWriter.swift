import Glibc
package import SystemPackage

/// The clients' end of the spool.
///
/// Needs write and search permission on `incoming/` only, and no daemon: what is dropped waits for one.
package struct SpoolWriter: Sendable {
  private let incoming: FilePath

  package init(incoming: FilePath) {
    self.incoming = incoming
  }

  /// Drops an action file, and returns its name. When this returns, the file survives a power cut.
  ///
  /// The contents are written to a hidden name first and get their own name when they are durable, so the daemon never sees a part of
  /// them. `.json` is appended to `name` unless it ends so. Without a name, one is made that sorts by time and is unlike all others.
  /// Throws `SpoolWriteError.nameTaken` rather than replace a file that still waits. On failure nothing is left behind,
  /// unless the disk failed at the very last step: then the file waits under its name, though it may not survive a power cut.
  @discardableResult
  package func drop(_ contents: [UInt8], as name: String? = nil) throws(SpoolWriteError) -> SpoolName {
    let name = try Self.fileName(from: name)
    do throws(Errno) {
      let directory = try Directory(incoming, listable: false)
      try write(contents, as: name, into: directory)
    } catch .fileExists {
      throw .nameTaken(name, in: incoming)
    } catch {
      throw .system(doing: "drop \(name) into", path: incoming, code: error)
    }
    return name
  }

  /// Does what `drop` does, up to the name under which the daemon would find the file, and takes it back.
  ///
  /// Throws what a drop would throw. A hidden file is never looked at by the daemon, so a crash leaves litter at worst.
  package func rehearse() throws(SpoolWriteError) {
    let temporary = SpoolName(".\(Self.uniqueText()).tmp")
    do throws(Errno) {
      let directory = try Directory(incoming, listable: false)
      let file = try directory.create(temporary)
      do throws(Errno) {
        try file.write(Array("{}".utf8))
        try file.sync()
      } catch {
        // What fails here is of no more use to anybody than the first error.
        try? directory.remove(temporary)
        throw error
      }
      try directory.remove(temporary)
    } catch {
      throw .system(doing: "drop into", path: incoming, code: error)
    }
  }

  private func write(_ contents: [UInt8], as name: SpoolName, into directory: borrowing Directory) throws(Errno) {
    let temporary = SpoolName(".\(Self.uniqueText()).tmp")
    let file = try directory.create(temporary)
    do throws(Errno) {
      try file.write(contents)
      try file.sync()
      try directory.move(temporary, to: directory, as: name)
    } catch {
      // What fails here is of no more use to anybody than the first error.
      try? directory.remove(temporary)
      throw error
    }
    do throws(Errno) {
      try Directory(incoming).sync()
    } catch .permissionDenied {
      // A client that may not list the directory cannot sync it either. On the file systems in use (ext4, XFS, btrfs) the fsync
      // of a file that was just renamed makes its new name durable too.
      try file.sync()
    }
  }

  private static func fileName(from text: String?) throws(SpoolWriteError) -> SpoolName {
    guard let text else { return SpoolName(uniqueText() + ".json") }
    let name = SpoolName(text.utf8.suffix(SpoolName.suffix.count).elementsEqual(SpoolName.suffix) ? text : text + ".json")
    guard name.isActionFile, name.bytes.count <= SpoolName.maximumLength,
      !name.bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
    else { throw .invalidName(name) }
    return name
  }

  /// Nanoseconds since 1970 in hexadecimal, so that names decide where times of files are too coarse, and 32 random bits.
  static func uniqueText() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let nanoseconds = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    return hexadecimal(nanoseconds, digits: 16) + "-" + hexadecimal(UInt32.random(in: 0...UInt32.max), digits: 8)
  }
}
