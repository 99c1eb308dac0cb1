package import ProgressModel

/// What one user may have in the spool and the queue, so that nobody can fill either for all. Whoever is at a bound is not refused: his further
/// files wait in `incoming/` until there is room again.
package struct SenderBounds: Hashable, Sendable {
  /// Files in `rejected/`, which wait for a person.
  package var files: Int
  /// Rows of the queue, whatever their state.
  package var keys: Int
  /// Of the values in those rows.
  package var bytes: Int

  package init(files: Int = 10_000, keys: Int = 1_000_000, bytes: Int = 256 << 20) {
    (self.files, self.keys, self.bytes) = (files, keys, bytes)
  }

  /// Names that scripts see, and which therefore stay.
  package enum Bound: String, CaseIterable, Sendable {
    case files, keys, bytes
  }

  package subscript(bound: Bound) -> Int {
    switch bound {
    case .files: files
    case .keys: keys
    case .bytes: bytes
    }
  }

  /// How many more files may be taken in: each may become a row, or a rejected file. What is in them is known when they are read, so the rows and
  /// bytes of one batch may go beyond the bounds.
  package func room(besides use: SenderUse) -> Int {
    use.bytes < bytes ? max(0, min(files - use.files, keys - use.keys)) : 0
  }

  /// The bound that leaves no room; nil when there is some.
  package func reached(by use: SenderUse) -> Bound? { Bound.allCases.first { use[$0] >= self[$0] } }

  /// Whether there is enough room to say that it is over: a tenth, so that one who stays near a bound is not told of with each file.
  package func isClear(of use: SenderUse) -> Bool { Bound.allCases.allSatisfy { use[$0] <= self[$0] - max(1, self[$0] / 10) } }
}

/// What a user has there.
package struct SenderUse: Hashable, Sendable {
  package var files: Int
  package var keys: Int
  package var bytes: Int

  package init(files: Int = 0, keys: Int = 0, bytes: Int = 0) {
    (self.files, self.keys, self.bytes) = (files, keys, bytes)
  }

  package subscript(bound: SenderBounds.Bound) -> Int {
    switch bound {
    case .files: files
    case .keys: keys
    case .bytes: bytes
    }
  }
}

/// That a user is at a bound, and his files stay in `incoming/`.
package struct ReachedBound: Hashable, Sendable {
  package let sender: UInt32
  package let bound: SenderBounds.Bound
  /// The bound's number.
  package let limit: Int
  package let since: Timestamp

  package init(sender: UInt32, bound: SenderBounds.Bound, limit: Int, since: Timestamp) {
    (self.sender, self.bound, self.limit, self.since) = (sender, bound, limit, since)
  }
}
