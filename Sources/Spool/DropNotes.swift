import Synchronization

/// The names of files that the kernel has told of, from the watcher to the reader, so that a drop is found without listing the directory, which
/// may hold a million files that somebody else has left there.
///
/// A note says where to look, and nothing more: one that is lost costs a listing, one that is doubled or wrong costs a look.
package final class DropNotes: Sendable {
  private struct State {
    /// The number of the watch under way.
    var watch: Int?
    var watches = 0
    /// nil when some were lost.
    var names: [SpoolName]?
  }

  private let state = Mutex(State())

  /// So many as the kernel keeps by default (`fs.inotify.max_queued_events`, inotify(7)).
  static let limit = 16_384

  package init() {}

  /// From now on what comes is told of; what came before has to be listed.
  /// Returns the watch's number, with which to end it: one that ends late must not end the next one.
  func beginWatch() -> Int {
    state.withLock { state in
      state.watches += 1
      (state.watch, state.names) = (state.watches, nil)
      return state.watches
    }
  }

  func endWatch(_ number: Int) {
    state.withLock { state in
      if state.watch == number { (state.watch, state.names) = (nil, nil) }
    }
  }

  /// Some are lost.
  func lose() { state.withLock { $0.names = nil } }

  func add(_ names: some Sequence<SpoolName>) {
    state.withLock { state in
      state.names?.append(contentsOf: names)
      if state.names.map({ $0.count > Self.limit }) ?? false { state.names = nil }
    }
  }

  /// The names since the last call, or since `forget`; nil when they are not all known, so that the directory has to be listed.
  func take() -> [SpoolName]? {
    state.withLock { state in
      guard let names = state.names else { return nil }
      state.names = []
      return names
    }
  }

  /// To be called before a listing, which shows all that was told of until now.
  func forget() { state.withLock { $0.names = $0.watch == nil ? nil : [] } }
}
