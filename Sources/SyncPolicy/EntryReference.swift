package import ProgressModel

/// Which entry of the queue something is about, and whose it is: enough to tell its owner.
package struct EntryReference: Hashable, Sendable {
  /// Never used again; a newer write of the key has another one.
  package let sequence: Int64
  package let key: WriteKey
  /// The user id of whoever dropped it.
  package let sender: UInt32

  package init(sequence: Int64, key: WriteKey, sender: UInt32) {
    (self.sequence, self.key, self.sender) = (sequence, key, sender)
  }
}

extension QueuedWrite {
  package var reference: EntryReference { EntryReference(sequence: sequence, key: write.key, sender: sender) }
}
