package import ProgressModel
package import SyncPolicy
package import SyncStore

/// What the engine needs of a queue: `SyncStore` in the daemon; in a simulation the same behind something that fails on demand.
///
/// The methods and their guarantees are those of `SyncStore`: each is one transaction, durable when it returns, and nothing has
/// changed when it throws.
package protocol QueuePort {
  func accept(
    _ files: [AcceptableFile], now: Timestamp, debounce: DebouncePolicy, inFlight: Set<Int64>, forgetting: [String]
  ) throws -> [Acceptance]
  func holdings() throws -> [UInt32: SenderHoldings]
  func accepted(among claims: [String]) throws -> Set<String>
  func forget(actionIDsBefore acceptance: Timestamp, discardsBefore discard: Timestamp) throws
  func forgetReceipts(before instant: Timestamp, except claims: Set<String>) throws
  func rowsByAccount() throws -> [Account: Int]
  func programDue(of account: Account, after program: ProgramID?, now: Timestamp) throws -> ProgramID?
  func sessionsDue(of program: ProgramID, of account: Account, now: Timestamp, atMost limit: Int, busy: Set<Session>) throws -> [Session]
  func freshSession(of account: Account, dueSince instant: Timestamp, now: Timestamp, busy: Set<Session>) throws -> Session?
  func sessionToProbe(of account: Account, includingPutOff: Bool, now: Timestamp) throws -> Session?
  func writesDue(in session: Session, of account: Account, now: Timestamp, includingPutOff: Bool) throws -> [QueuedWrite]
  func nextDue(of account: Account, busy: Set<Session>) throws -> Timestamp?
  func nextFreshDue(of account: Account, busy: Set<Session>) throws -> Timestamp?
  func settle(_ settlements: [Settlement], pause: EndpointHealth.Pause?, now: Timestamp) throws -> Set<Int64>
  func pause() throws -> EndpointHealth.Pause?
  func flush(pause: EndpointHealth.Pause?, now: Timestamp) throws -> Bool
  func releasePutOff(of account: Account?, now: Timestamp) throws -> Bool
  func moveToOwnAccounts(of users: Set<UInt32>, besides inFlight: Set<Int64>, from cursor: EntryCursor?, atMost limit: Int) throws
    -> EntryStep
  func clampDueTimes(now: Timestamp, longestDebounce: Duration, longestWait: Duration) throws -> Bool
  func setAside(unreadable sequence: Int64) throws
  func retry(_ selection: EntrySelection, of sender: UInt32?, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp) throws
    -> EntryStep
  func discard(
    _ selection: EntrySelection, of sender: UInt32?, by caller: UInt32, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp
  ) throws -> EntryStep
  func flush(of sender: UInt32, from cursor: EntryCursor?, atMost limit: Int, now: Timestamp) throws -> EntryStep
  func suspend(_ suspension: Suspension) throws
  func resume() throws
  func suspension() throws -> Suspension?
  func counts() throws -> QueueCounts
}

extension SyncStore: QueuePort {}
