package import SyncPolicy

/// Entries of the queue that a person means: all that it names.
package struct EntrySelection: Hashable, Sendable {
  package var sequences: [Int64]
  /// As `WriteKey` spells them; a spelling that several keys share means all of them.
  package var keys: [String]
  /// All that have failed.
  package var allFailed: Bool
  /// Everything.
  package var all: Bool

  package init(sequences: [Int64] = [], keys: [String] = [], allFailed: Bool = false, all: Bool = false) {
    (self.sequences, self.keys, self.allFailed, self.all) = (sequences, keys, allFailed, all)
  }

  /// Whether it may mean any number of entries.
  var isOpen: Bool { all || allFailed }
}

/// Where something that is done to many entries goes on. What was accepted since it began is none of its business.
package struct EntryCursor: Hashable, Sendable {
  let after: Int64
  let through: Int64
}

/// What one step came to of something that is done to many entries.
package struct EntryStep: Hashable, Sendable {
  /// How many entries it was done to.
  package var changed = 0
  /// Those of them whose key is readable.
  package var entries: [EntryReference] = []
  /// The sequences and keys of the selection that no entry has, or only one of another sender.
  package var missing: [String] = []
  /// What the next step begins with; nil when this was the last.
  package var next: EntryCursor?
}
