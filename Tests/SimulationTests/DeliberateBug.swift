/// Mistakes that a daemon of this kind can make, put into the ports on purpose: what the simulation does not notice, it does not prove.
enum DeliberateBug: CaseIterable {
  /// A file is removed as soon as it was read.
  case unlinkBeforeCommit
  /// Contents are used before the rename that claimed them is durable.
  case claimsAreNotSynced
  /// A receipt is dropped before its file is removed.
  case receiptsGoTooEarly
  /// At start everything in `claimed/` is taken for accepted.
  case recoveryTrustsEveryClaim
  /// The last file of a batch is reported as accepted and is not.
  case acceptanceLosesTheLastFile
  /// A delivered write stays in the queue.
  case settlementIsNotRecorded
  /// A write leaves the queue when it is sent.
  case popBeforeSend
  /// What failed is dropped after the last quick retry.
  case givingUpAfterRetries
  /// A session may have two requests under way.
  case noLane
  /// A retry carries what its key was when it first failed.
  case retryOvertakesNewer
  /// A request carries a value that nobody dropped.
  case valuesAreMadeUp
  /// An API's wish for silence is not heard.
  case retryAfterIsIgnored
  /// Something is always due at once.
  case busyLoop
}
