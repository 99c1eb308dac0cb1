import Glibc
import ProgressModel
package import SystemPackage

/// The clients' end of the spool.
///
/// Hands over by the daemon's socket where one answers, which takes no permission in the file system, and otherwise puts the file into
/// `incoming/`, which takes no daemon: what is dropped waits for one. Both end in the same directory, and in the same acceptance.
package struct SpoolWriter: Sendable {
  private let incoming: FilePath
  private let socket: FilePath?

  /// - Parameter socket: Where the daemon takes files; nil to drop into the directory only.
  package init(incoming: FilePath, socket: FilePath? = nil) {
    (self.incoming, self.socket) = (incoming, socket)
  }

  /// Drops an action file, and returns its name. When this returns, the file survives a power cut.
  ///
  /// The contents are written to a hidden name first and get their own name when they are durable, so the daemon never sees a part of
  /// them. `.json` is appended to `name` unless it ends so. Without a name, one is made that sorts by time and is unlike all others.
  /// Throws `SpoolWriteError.nameTaken` rather than replace a file that still waits. On failure nothing is left behind,
  /// unless the disk failed at the very last step: then the file waits under its name, though it may not survive a power cut.
  ///
  /// A file that was handed over, and whose answer was lost, may have been accepted. It is dropped once more when all of its actions have ids,
  /// as a repeated id does nothing; otherwise `SpoolWriteError.unanswered` is thrown.
  ///
  /// Waits for the daemon, where one listens, for some seconds at most.
  @discardableResult
  package func drop(_ contents: [UInt8], as name: String? = nil) throws(SpoolWriteError) -> SpoolName {
    let name = try Self.fileName(from: name)
    guard let socket else {
      try place(contents, as: name)
      return name
    }
    guard var obstacle = try submit(contents, as: name, to: socket) else { return name }
    var isUncertain = false
    if case .unanswered(let reason) = obstacle {
      guard Self.isRepeatable(contents) else { throw .unanswered(name, reason: reason) }
      isUncertain = true
      guard let next = try submit(contents, as: name, to: socket) else { return name }
      obstacle = next
    }
    do {
      try place(contents, as: name)
    } catch {
      throw isUncertain ? .unanswered(name, reason: "\(error)") : .neitherWay(directory: error, socket: obstacle.reason)
    }
    return name
  }

  /// Does what a drop into the directory does, up to the name under which the daemon would find the file, and takes it back.
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

  /// Asks the daemon whether it would take something from this process by socket; returns why not.
  package func rehearseSubmission() -> SubmissionObstacle? {
    guard let socket else { return nil }
    do throws(SubmissionFailure) {
      _ = try SubmissionClient.connect(to: socket)
      return nil
    } catch {
      return SubmissionObstacle(error)
    }
  }
}

/// Why nothing can be handed over by socket.
package struct SubmissionObstacle: Hashable, Sendable {
  /// In words, with the socket's path.
  package let reason: String
  /// What connect(2) has said; nil for what the daemon says, or does not say.
  package let code: Errno?

  package init(reason: String, code: Errno?) {
    (self.reason, self.code) = (reason, code)
  }

  init(_ failure: SubmissionFailure) {
    switch failure {
    case .unavailable(let reason, let code): self.init(reason: reason, code: code)
    case .refused(let refusal): self.init(reason: "\(refusal)", code: nil)
    case .unanswered(let reason): self.init(reason: reason, code: nil)
    }
  }
}

// MARK: By socket

extension SpoolWriter {
  /// Returns nil when the daemon has it, and otherwise what leaves the other way open; throws when it would be refused whichever way.
  private func submit(_ contents: [UInt8], as name: SpoolName, to socket: FilePath) throws(SpoolWriteError) -> SubmissionFailure? {
    do throws(SubmissionFailure) {
      try SubmissionClient.submit(contents, as: name, to: socket)
      return nil
    } catch {
      guard case .refused(let refusal) = error, refusal.kind.isFinal else { return error }
      throw refusal.kind == .taken ? .nameTaken(name, in: incoming) : .refused(refusal)
    }
  }

  /// Whether dropping it twice does what dropping it once does.
  private static func isRepeatable(_ contents: [UInt8]) -> Bool {
    guard let actions = try? ActionFile.parse(contents) else { return false }
    return actions.allSatisfy { $0.id != nil }
  }
}

extension SubmissionFailure {
  fileprivate var reason: String { SubmissionObstacle(self).reason }
}

// MARK: Into the directory

extension SpoolWriter {
  private func place(_ contents: [UInt8], as name: SpoolName) throws(SpoolWriteError) {
    do throws(Errno) {
      let directory = try Directory(incoming, listable: false)
      let file = try Self.write(contents, as: name, into: directory)
      do throws(Errno) {
        try Directory(incoming).sync()
      } catch .permissionDenied {
        // A client that may not list the directory cannot sync it either. On the file systems in use (ext4, XFS, btrfs) the fsync
        // of a file that was just renamed makes its new name durable too.
        try file.sync()
      }
    } catch .fileExists {
      throw .nameTaken(name, in: incoming)
    } catch {
      throw .system(doing: "drop \(name) into", path: incoming, code: error)
    }
  }

  /// Writes a file that gets its name when it is whole and durable, and returns it; the name itself is durable when the directory is synced.
  static func write(_ contents: [UInt8], as name: SpoolName, into directory: borrowing Directory) throws(Errno) -> Descriptor {
    let temporary = SpoolName(".\(uniqueText()).tmp")
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
    return file
  }

  private static func fileName(from text: String?) throws(SpoolWriteError) -> SpoolName {
    guard let text else { return SpoolName(uniqueText() + ".json") }
    let name = SpoolName(text.utf8.suffix(SpoolName.suffix.count).elementsEqual(SpoolName.suffix) ? text : text + ".json")
    guard name.isActionFile, name.isEntry else { throw .invalidName(name) }
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
