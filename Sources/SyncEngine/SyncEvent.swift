package import ProgressModel
package import SyncPolicy
package import SyncStore

/// Something that happened in a turn and that people may want to know; the daemon says each once.
package enum SyncEvent: Hashable, Sendable {
  /// A file's actions are durable.
  case accepted(file: String, sender: UInt32, Acceptance)
  /// A file stands in `rejected/` now, under `storedAs`, its reason beside it.
  case refused(file: String, sender: UInt32, reason: String, storedAs: String)
  /// A directory entry that is none of ours is left alone.
  case ignored(file: String, reason: String)
  /// A sender has come to a bound: his files stay in `incoming/`, and nobody else's.
  case boundReached(ReachedBound)
  /// All of them are taken in, and there is room for more.
  case boundLeft(ReachedBound)
  /// A write that failed is sent again.
  case retrying(EntryReference, attempt: Int, of: Int)
  /// `droppedAt`: nil when an older version accepted it.
  case synced(EntryReference, droppedAt: Timestamp?, afterFailures: Int)
  /// An attempt failed; the write stays in the queue. `wasParked`: it has failed so often that this is no news.
  case attemptFailed(EntryReference, failures: Int, wasParked: Bool, status: Int?, reason: String)
  /// The quick retries are used up.
  case parked(EntryReference)
  /// The API will never take the write as it is.
  case rejected(EntryReference, status: Int, reason: String)
  /// A person has taken it out of the queue.
  case discarded(EntryReference, by: UInt32)
  /// The first step of a `cleared` that takes several: of one that is cut short, there is this to tell who asked.
  case clearing(sender: UInt32?, by: UInt32)
  /// The same with everything that `sender` has dropped; nil: whoever dropped it.
  case cleared(count: Int, sender: UInt32?, by: UInt32)
  /// A person has so many entries tried again now.
  case retriedByHand(count: Int, by: UInt32)
  /// A person has everything sent now that `sender` has dropped; nil: whoever dropped it.
  case flushed(by: UInt32, sender: UInt32?)
  /// A person has nothing sent for a while.
  case suspended(Suspension)
  /// nil: its time has come.
  case resumed(by: UInt32?)
  /// A row of the queue was unreadable, and is out of the way of the others.
  case setAside(row: Int64)
  /// What is known of the API, whoever calls it, has changed in kind.
  case endpoint(EndpointHealth.State)
  /// Nothing goes out with the token of an account any more, or for another cause than before; all others go on. `entries`: how many of the
  /// queue wait for it; nil where that was not counted.
  case held(Hold, of: Account, entries: Int?)
  /// The API accepts the token of an account again; or nothing waits any more for one that is missing.
  case released(Account)
  /// The spool or the queue could not be used; everything stays where it is, and is tried again.
  case storageFailed(reason: String)
  case storageRecovered
  /// Accepted files cannot be removed from `claimed/`; they do no harm there.
  case removalFailed(reason: String)
}
