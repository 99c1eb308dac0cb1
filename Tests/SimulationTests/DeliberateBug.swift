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
  /// A session that waits is picked twice for one bulk.
  case sessionTwiceInABulk
  /// A bulk carries something else than completions.
  case uncompleteInABulk
  /// What a refused bulk carried is failed, the good with the bad.
  case refusedBulkFailsItsItems
  /// A refused bulk is sent again as it was.
  case bulkIsNeverSplit
  /// Of a refused bulk only one half is sent again.
  case halvesAreLost
  /// What the API refuses for good is dropped.
  case refusalsAreDropped
  /// What was refused once fails whatever comes for its key later.
  case failureBlocksItsKey
  /// The beginning of an answer is taken for the answer.
  case cutAnswersAreDelivered
  /// A 2xx is a success whatever it says.
  case denialsAreDelivered
  /// A wish for silence is forgotten at a restart.
  case pauseIsNotStored
  /// A new network is reason enough to break a silence.
  case ringBreaksThePause
  /// In an outage every lane tries again and again.
  case everyLaneProbes
  /// A refused token is tried with each write.
  case holdIsIgnored
  /// An API that defers everything is asked as if it did not.
  case failingAPIIsStormed
  /// After a trouble all lanes are used at once.
  case windowIsIgnored
  /// The first program is served until nothing of it is left.
  case programsHaveNoTurns
  /// What was dropped first is sent first, however much that is.
  case freshStarves
  /// Writes that failed together are tried together for ever.
  case companionsAreNotSeparated
  /// A repeated request has its key and another body.
  case repetitionIsAnotherRequest
  /// Due times are believed after the clock was set back.
  case clockIsTrusted
  /// On a full disk what was delivered cannot be settled.
  case fullDiskStopsDeliveries
  /// What is discarded is not counted.
  case discardIsNotCounted
  /// A person takes out of the queue what others have dropped.
  case discardTouchesOthers
  /// What lies in the spool is delivered after everything was cleared.
  case clearingLeavesTheSpool
  /// What the API has refused is asked again as if it were the same request.
  case retryKeepsTheRefusedID
  /// A person's pause is forgotten at a restart.
  case suspensionIsNotStored
  /// Everything goes out with the common token.
  case everybodyIsCommon
  /// A key has one row, whoever's it is.
  case keysIgnoreAccounts
  /// What somebody drops goes out as everybody's while older writes of his wait for a token of his own.
  case lostTokensAreForgotten
  /// One refused token stops all.
  case holdStopsEverybody
}
