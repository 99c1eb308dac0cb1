import CrashPoints
import Glibc
import ProgressModel

/// What became of a damaged queue.
package struct Rescue: Hashable, Sendable, CustomStringConvertible {
  /// What was found.
  package let reason: String
  /// Where the damaged file is kept, its log beside it; nil when there was none.
  package let keptAs: String?
  package let savedWrites: Int
  /// How many the queue had by its own count; nil when that is unreadable too.
  package let writesBefore: Int?

  /// There is no queue any more where there was one, and nothing to read of it.
  static func lost(_ path: String) -> Rescue {
    let reason = "\(path) is gone or empty, though a queue was there, and what waited in it is lost with it"
    return Rescue(reason: reason, keptAs: nil, savedWrites: 0, writesBefore: nil)
  }

  package var description: String {
    guard let keptAs else {
      return "\(reason). A fresh one is in its place; if you have the old one, stop progress-syncd, put it back, and start again"
    }
    let whole = writesBefore.map { " of at most \(max($0, savedWrites))" } ?? ""
    return """
      \(reason). Saved \(savedWrites)\(whole) writes into a fresh queue and goes on with it. The damaged one is kept as \(keptAs): \
      look there for what is missing, check the disk, then delete it
      """
  }
}

/// Puts a fresh queue with all that can be read in the place of a damaged one, which is set aside.
///
/// The fresh queue is made under another name, and becomes complete in one rename. From then on a start finishes the exchange, however
/// often it is interrupted; before it, a start begins anew. The old log never stands beside the new database.
struct QueueRescue {
  let path: String
  private let observer: OpeningObserver
  /// Called after each step; a test ends it there.
  var afterStep: (CrashPoint) throws -> Void = { $0.reach() }

  private var unfinished: String { path + ".rescue" }
  private var completePrefix: String { path + ".rescued-" }

  init(path: String, observer: @escaping OpeningObserver = { _ in }) {
    (self.path, self.observer) = (path, observer)
  }

  /// Runs; when the disk is full, in the space that is reserved for settling, which comes to nothing without a queue.
  func runInReserve(reason: String, now: Timestamp) throws -> Rescue {
    do {
      return try run(reason: reason, now: now)
    } catch SyncStoreError.full(let words) {
      guard DiskReserve(besides: path).giveUp() else { throw SyncStoreError.full(words) }
      return try run(reason: reason, now: now)
    }
  }

  /// Throws `SyncStoreError`; what is there is still complete then, and the next call begins or goes on.
  func run(reason: String, now: Timestamp) throws -> Rescue {
    try removeUnfinished()
    let salvage = try salvaged()
    try synced(unfinished)
    try afterStep(.rescueFilled)
    let time = String(now.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
    try move(unfinished, to: completePrefix + time)
    try syncDirectory()
    try afterStep(.rescueCompleted)
    let keptAs = try exchange(time)
    return Rescue(reason: reason, keptAs: keptAs, savedWrites: salvage.savedWrites, writesBefore: salvage.writesBefore)
  }

  /// Finishes an exchange that was interrupted, and clears away what an interrupted rescue left.
  ///
  /// Returns where the damaged queue is kept; nil when there was none to finish.
  func resume() throws -> String? {
    try removeUnfinished()
    let prefix = name(of: completePrefix)
    guard let complete = try names().first(where: { $0.hasPrefix(prefix) && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }) else {
      return nil
    }
    return try exchange(String(complete.dropFirst(prefix.count)))
  }

  private func salvaged() throws -> QueueSalvage {
    do {
      return try QueueSalvage(from: path, into: unfinished, observer: observer)
    } catch {
      // A part of it is of no use, and a full disk needs its space.
      try removeUnfinished()
      throw error
    }
  }

  private func exchange(_ time: String) throws -> String {
    let keptAs = path + ".corrupt-" + time
    for (suffix, step) in [("-wal", CrashPoint.logSetAside), ("-shm", .indexSetAside), ("", .databaseSetAside)] {
      if exists(path + suffix) { try move(path + suffix, to: unusedName(keptAs, suffix)) }
      try afterStep(step)
    }
    try syncDirectory()
    try move(completePrefix + time, to: path)
    try syncDirectory()
    try afterStep(.queueReplaced)
    return keptAs
  }

  /// Whoever looks at the queue meanwhile may have made another log beside it.
  private func unusedName(_ base: String, _ suffix: String) -> String {
    guard exists(base + suffix) else { return base + suffix }
    return (2...).lazy.map { "\(base).\($0)\(suffix)" }.first { !exists($0) } ?? base + suffix
  }

  private func removeUnfinished() throws {
    for suffix in ["", "-wal", "-shm"] where exists(unfinished + suffix) {
      guard unlink(unfinished + suffix) == 0 else { throw failure("cannot remove \(unfinished + suffix)") }
    }
  }

  private func name(of path: String) -> String { String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]) }
  private var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

  private func names() throws -> [String] {
    guard let stream = opendir(directory) else { throw failure("cannot list \(directory)") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
    }
    return names
  }

  private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private func move(_ from: String, to target: String) throws {
    guard rename(from, target) == 0 else { throw failure("cannot rename \(from)") }
  }

  private func syncDirectory() throws {
    try synced(directory)
  }

  private func synced(_ path: String) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("cannot open \(path)") }
    defer { close(file) }
    guard fsync(file) == 0 else { throw failure("cannot sync \(path)") }
  }

  private func failure(_ doing: String) -> SyncStoreError { SyncStoreError(doing, errno: errno) }
}
