import Glibc
package import ProgressModel

extension Timestamp {
  /// The time of the machine's clock, which people and time servers may set forwards and back.
  package static var now: Timestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
  }
}
