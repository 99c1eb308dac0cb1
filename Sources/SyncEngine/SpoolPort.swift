package import ProgressModel
package import Spool

/// What the engine needs of a spool: `SpoolReader` in the daemon, a model of a file system in a simulation.
///
/// The methods and their guarantees are those of `SpoolReader`.
package protocol SpoolPort: AnyObject {
  var hasMore: Bool { get }
  var nextLook: Timestamp? { get }
  var isStale: Bool { get }
  func reopen() throws(SpoolError)
  var wantsScan: Bool { get }
  func hasTakenListing(of sender: UInt32?) -> Bool
  var waitingSenders: Set<UInt32> { get }
  var allowance: IntakeAllowance { get set }
  func countRejected() throws(SpoolError) -> [UInt32: Int]
  func recover(now: Timestamp) throws(SpoolError) -> [ClaimID]
  func scan(now: Timestamp) throws(SpoolError)
  func look(now: Timestamp)
  func claim(atMost limit: Int, now: Timestamp) throws(SpoolError) -> ClaimBatch
  func finish(_ claims: [ClaimID]) throws(SpoolError)
  func reject(_ refusals: [Refusal], now: Timestamp) throws(SpoolError) -> [RejectedFile]
}

extension SpoolReader: SpoolPort {}
