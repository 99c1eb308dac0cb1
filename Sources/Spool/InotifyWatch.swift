// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc
import SystemPackage

/// One inotify instance that watches `incoming/` for new files and the spool's root for the fate of its directories.
struct InotifyWatch {
  private let descriptor: CInt
  private let root: CInt
  private let notes: DropNotes?

  /// Files written in place announce themselves by `CLOSE_WRITE`, renamed ones by `MOVED_TO`, hard links by `CREATE` alone.
  private static let arrivals = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE
  private static let departures = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED
  /// An open directory that is removed says so only when it is closed, but its parent says so at once.
  private static let replacements = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE
  /// A directory whose mode or owner has changed may be unreadable now, or readable again. Its parent tells of that, and of no file's mode.
  private static let permissions = IN_ATTRIB
  private static let directories: [SpoolName] = [SpoolName("incoming"), SpoolName("claimed"), SpoolName("rejected")]

  /// - Parameter notes: Gets the names of what is dropped.
  init(root: FilePath, incoming: FilePath, notes: DropNotes? = nil) throws(Errno) {
    self.notes = notes
    let descriptor = try checked { inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC)) }
    do throws(Errno) {
      let own = IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF
      try checked { incoming.withPlatformString { inotify_add_watch(descriptor, $0, UInt32(Self.arrivals | own | IN_DONT_FOLLOW)) } }
      self.root = try checked {
        root.withPlatformString { inotify_add_watch(descriptor, $0, UInt32(Self.replacements | Self.permissions | own)) }
      }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  /// Rings from now on, until the consumer goes away or the spool does; then closes the instance.
  func start() -> AsyncStream<SpoolRing> {
    // `gone` is the last ring, and the others all mean the same, so the newest is enough.
    let (rings, bell) = AsyncStream.makeStream(of: SpoolRing.self, bufferingPolicy: .bufferingNewest(1))
    let watch = notes?.beginWatch() ?? 0
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "spool-watcher"))
    source.setEventHandler {
      guard let ring = drain() else { return }
      if ring == .gone { notes?.endWatch(watch) }
      bell.yield(ring)
      if ring == .gone { bell.finish() }
    }
    source.setCancelHandler { [descriptor, notes] in
      notes?.endWatch(watch)
      close(descriptor)
    }
    bell.onTermination = { _ in source.cancel() }
    source.activate()
    return rings
  }

  /// Reads all that has happened, and says the weightiest of it; nil when it was about unfinished files only.
  private func drain() -> SpoolRing? {
    var strongest: SpoolRing?
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return strongest }
      let events = Self.events(in: buffer.prefix(count))
      note(events)
      strongest = [strongest, Self.ring(for: events, rootWatch: root)].compactMap { $0 }.max { $0.weight < $1.weight }
    }
  }

  /// The weightiest of what the events that one read(2) returned mean.
  static func ring(for buffer: ArraySlice<UInt8>, rootWatch: CInt) -> SpoolRing? {
    ring(for: events(in: buffer), rootWatch: rootWatch)
  }

  private static func ring(for events: [Event], rootWatch: CInt) -> SpoolRing? {
    events.compactMap { meaning(of: $0, rootWatch: rootWatch) }.max { $0.weight < $1.weight }
  }

  private func note(_ events: [Event]) {
    notes?.add(events.lazy.filter { $0.watch != root && !$0.name.bytes.isEmpty && !$0.name.isHidden }.map(\.name))
    // What came while the directory could not be read is known by no name.
    if events.contains(where: { Int32(bitPattern: $0.mask) & (IN_Q_OVERFLOW | Self.permissions) != 0 }) { notes?.lose() }
  }

  private static func meaning(of event: Event, rootWatch: CInt) -> SpoolRing? {
    let mask = Int32(bitPattern: event.mask)
    if mask & IN_Q_OVERFLOW != 0 { return .overflowed }
    if mask & departures != 0 { return .gone }
    if event.watch == rootWatch {
      // About the root itself there is no name.
      if mask & permissions != 0 { return event.name.bytes.isEmpty || directories.contains(event.name) ? .changed : nil }
      return directories.contains(event.name) ? .gone : nil
    }
    return event.name.isHidden ? nil : .changed
  }
}

extension SpoolRing {
  fileprivate var weight: Int {
    switch self {
    case .changed: 0
    case .overflowed: 1
    case .gone: 2
    }
  }
}

extension InotifyWatch {
  fileprivate struct Event {
    let watch: CInt
    let mask: UInt32
    let name: SpoolName
  }

  /// The events in what one read(2) returned: each a header of 16 bytes, then the name padded with zeros.
  private static func events(in buffer: ArraySlice<UInt8>) -> [Event] {
    var events: [Event] = []
    var rest = buffer
    while rest.count >= MemoryLayout<inotify_event>.size {
      let header = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
      rest = rest.dropFirst(MemoryLayout<inotify_event>.size)
      let name = Array(rest.prefix(Int(header.len)).prefix { $0 != 0 })
      rest = rest.dropFirst(Int(header.len))
      events.append(Event(watch: header.wd, mask: header.mask, name: SpoolName(bytes: name)))
    }
    return events
  }
}
