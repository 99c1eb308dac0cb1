import Glibc
import Synchronization
import SystemPackage

/// The directories whose entries decide what a path leads to, in one inotify instance.
final class WatchedPath: Sendable {
  /// Closed by whoever reads it.
  let descriptor: CInt
  private let file: FilePath
  /// Whether all that lies beside the file matters like itself, also when it goes.
  private let isForAll: Bool
  private let places = Mutex<[CInt: Place]>([:])

  /// A directory that is watched.
  private struct Place: Hashable {
    let directory: FilePath
    /// The entries that matter; nil for all, where links lead through it.
    var names: Set<FilePath.Component>?
  }

  private static let arrivals = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB
  private static let departures = IN_DELETE_SELF | IN_MOVE_SELF
  private static let removals = IN_DELETE | IN_MOVED_FROM
  /// What path_resolution(7) allows.
  private static let mostLinks = 40

  convenience init(_ file: FilePath) throws(Errno) {
    try self.init(file, isForAll: false)
  }

  convenience init(contentsOf directory: FilePath) throws(Errno) {
    // Any entry leads through the directories that matter, whether it exists or not.
    try self.init(directory.appending("entry"), isForAll: true)
  }

  private init(_ file: FilePath, isForAll: Bool) throws(Errno) {
    (self.file, self.isForAll) = (file, isForAll)
    descriptor = try checked { inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC)) }
    do throws(Errno) {
      try watch()
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Reads all that has happened, and says whether the file is worth reading.
  func drain() -> Bool {
    var concerns = false
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      let events = Event.all(in: buffer.prefix(count))
      if places.withLock({ places in events.contains { Self.concerns($0, places) } }) { concerns = true }
    }
    guard concerns else { return false }
    // What can be watched no more is seen again when the directory that took its place is.
    try? watch()
    if isForAll { return true }
    var status = stat()
    return file.withPlatformString { stat($0, &status) } == 0 && status.st_size > 0
  }

  private static func concerns(_ event: Event, _ places: [CInt: Place]) -> Bool {
    let mask = Int32(bitPattern: event.mask)
    if mask & IN_Q_OVERFLOW != 0 { return true }
    guard let place = places[event.watch] else { return false }
    guard let name = event.name else { return true }
    guard place.names?.contains(name) ?? true else { return false }
    return mask & IN_CREATE == 0 || isComplete(place.directory.appending(name))
  }

  /// Whether an entry that was created is what it will be. A plain file rings when its writer closes it.
  private static func isComplete(_ entry: FilePath) -> Bool {
    var status = stat()
    guard entry.withPlatformString({ lstat($0, &status) }) == 0 else { return false }
    return status.st_mode & S_IFMT != S_IFREG || status.st_nlink > 1
  }

  /// Watches what the path leads through now, and nothing else.
  private func watch() throws(Errno) {
    var found: [CInt: Place] = [:]
    var before: [CInt: Place]
    // What changes between a look and its watch is seen by a second look.
    repeat {
      before = found
      found = try walk()
    } while found != before
    let stale = places.withLock { places in
      defer { places = found }
      return places.keys.filter { found[$0] == nil }
    }
    for watch in stale { inotify_rm_watch(descriptor, watch) }  // It fails for one that the kernel has removed.
  }

  private func walk() throws(Errno) -> [CInt: Place] {
    var places: [CInt: Place] = [:]
    var path = file
    for _ in 0..<Self.mostLinks {
      let directory = path.removingLastComponent()
      let target = path.linkTarget
      try watch(directory, for: target == nil && !isForAll ? path.lastComponent : nil, in: &places)
      if directory.linkTarget != nil {
        try watch(directory.removingLastComponent(), for: nil, in: &places)
      } else if let name = directory.lastComponent {
        // A directory that was removed says so when nobody has it open any more, and stands anew before. Where it stands may be unreadable.
        try? watch(directory.removingLastComponent(), for: name, in: &places)
      }
      guard let target else { break }
      path = directory.pushing(target)
    }
    return places
  }

  /// Watches a directory for an entry, or for all; or the nearest one above it, for the entry that leads to it.
  private func watch(_ directory: FilePath, for name: FilePath.Component?, in places: inout [CInt: Place]) throws(Errno) {
    do throws(Errno) {
      let mask = UInt32(Self.arrivals | Self.departures | (isForAll ? Self.removals : 0) | IN_ONLYDIR)
      let watch = try checked { directory.withPlatformString { inotify_add_watch(descriptor, $0, mask) } }
      var place = places[watch] ?? Place(directory: directory, names: [])
      place.names = name.flatMap { place.names?.union([$0]) }
      places[watch] = place
    } catch Errno.noSuchFileOrDirectory where directory.lastComponent != nil {
      try watch(directory.removingLastComponent(), for: directory.lastComponent, in: &places)
    }
  }
}

extension FilePath {
  /// What the path leads to, when it is a symbolic link.
  fileprivate var linkTarget: FilePath? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = withPlatformString { readlink($0, &target, Int(PATH_MAX)) }
    return count > 0 ? target.withUnsafeBufferPointer { $0.baseAddress.map { FilePath(platformString: $0) } } : nil
  }
}

private struct Event {
  let watch: CInt
  let mask: UInt32
  /// Nil when it is about the watched directory itself.
  let name: FilePath.Component?

  /// The events in what one read(2) returned: each a header of 16 bytes, then the name padded with zeros.
  static func all(in buffer: ArraySlice<UInt8>) -> [Event] {
    var events: [Event] = []
    var rest = buffer
    while rest.count >= MemoryLayout<inotify_event>.size {
      let header = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
      rest = rest.dropFirst(MemoryLayout<inotify_event>.size)
      let name = rest.prefix(Int(header.len)).withUnsafeBytes { bytes in
        bytes.assumingMemoryBound(to: CChar.self).baseAddress.flatMap { bytes.isEmpty ? nil : FilePath.Component(platformString: $0) }
      }
      rest = rest.dropFirst(Int(header.len))
      events.append(Event(watch: header.wd, mask: header.mask, name: name))
    }
    return events
  }
}
