import FoundationEssentials
package import ProgressModel

extension Timestamp {
  /// The time of the machine's clock, which people and time servers may set forwards and back.
  package static var now: Timestamp {
    Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
  }
}
