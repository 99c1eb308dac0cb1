package import ProgressModel

/// A file in `rejected/`.
package struct RejectedEntry: Hashable, Sendable {
  /// Its name there.
  package let name: SpoolName
  /// The user id of who dropped it.
  package internal(set) var sender: UInt32
  /// In bytes.
  package let size: Int64
  /// When its reason was written, or, without one, when it was moved.
  package let rejectedAt: Timestamp
  /// The first line of its reason, with nothing invisible in it; nil when there is none.
  package var reason: String?

  init(name: SpoolName, status: FileStatus, sender: UInt32, reasonWritten: Timestamp?) {
    (self.name, self.sender, size) = (name, sender, Int64(status.size))
    rejectedAt = reasonWritten ?? status.changed.timestamp
  }
}

/// The beginning of a rejected file, or all of it.
package struct RejectedContents: Hashable, Sendable {
  package let bytes: [UInt8]
  /// How long the whole file is, in bytes.
  package let size: Int

  package init(bytes: [UInt8], size: Int) {
    (self.bytes, self.size) = (bytes, size)
  }

  package var isWhole: Bool { bytes.count == size }
}

/// Why one rejected file stays as it is.
package struct RejectedFileError: Error, Hashable, CustomStringConvertible {
  package let name: SpoolName
  /// What it is, and what to do.
  package let problem: String

  package var description: String { "\(name): \(problem)" }
}
