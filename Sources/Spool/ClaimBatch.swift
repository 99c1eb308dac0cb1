package import ProgressModel

/// A file that was claimed and read, ready to be accepted.
package struct ClaimedFile: Hashable, Sendable {
  package let claim: ClaimID
  /// The name under which it was dropped; cut short when the claim was left by a crash and the name was over 217 bytes.
  package let name: SpoolName
  package let contents: [UInt8]
  /// The user id of who dropped it: the file's owner, or whoever had the daemon put it there.
  package let sender: UInt32
  /// When it was dropped: its `ctime` before the claim, but never later than now.
  package let droppedAt: Timestamp

  package init(claim: ClaimID, name: SpoolName, contents: [UInt8], sender: UInt32, droppedAt: Timestamp) {
    (self.claim, self.name, self.contents, self.sender, self.droppedAt) = (claim, name, contents, sender, droppedAt)
  }
}

/// A claim that cannot be accepted, and why, in words for the person who dropped it.
package struct Refusal: Hashable, Sendable {
  package let claim: ClaimID
  package let reason: String

  package init(claim: ClaimID, reason: String) {
    (self.claim, self.reason) = (claim, reason)
  }
}

/// A file that lies in `rejected/` now, its reason beside it.
package struct RejectedFile: Hashable, Sendable {
  package let claim: ClaimID
  /// The name under which it was dropped.
  package let name: SpoolName
  /// Its name in `rejected/`; the reason is in the file of this name with `.reason` appended.
  package let storedAs: SpoolName
  package let reason: String
  /// The user id of who dropped it.
  package let sender: UInt32

  package init(claim: ClaimID, name: SpoolName, storedAs: SpoolName, reason: String, sender: UInt32) {
    (self.claim, self.name, self.storedAs, self.reason, self.sender) = (claim, name, storedAs, reason, sender)
  }
}

/// An entry of `incoming/` that is left alone, and why.
package struct IgnoredEntry: Hashable, Sendable {
  package let name: SpoolName
  package let reason: String

  package init(name: SpoolName, reason: String) {
    (self.name, self.reason) = (name, reason)
  }
}

/// What one call of `SpoolReader.claim` came to.
package struct ClaimBatch: Hashable, Sendable {
  /// To be accepted, in claim order. Their claims are durable: a power cut no longer gives the files back to `incoming/`.
  package var files: [ClaimedFile] = []
  /// Refused by the reader itself, and in `rejected/` already.
  package var rejected: [RejectedFile] = []
  /// Mentioned for the first time.
  package var ignored: [IgnoredEntry] = []
  /// Finished claims whose removal became durable with this batch: they can never be seen again, so their receipts may go.
  package var durablyFinished: [ClaimID] = []

  package init(files: [ClaimedFile] = [], rejected: [RejectedFile] = [], ignored: [IgnoredEntry] = [], durablyFinished: [ClaimID] = []) {
    (self.files, self.rejected, self.ignored, self.durablyFinished) = (files, rejected, ignored, durablyFinished)
  }
}
