import CSystemEvents
import Glibc
import SystemPackage

/// Rings when the machine's wall clock was set, and when the machine has woken from suspend.
///
/// It relies on a timer with `TFD_TIMER_CANCEL_ON_SET`, timerfd_create(2): reading it fails with `ECANCELED` after a discontinuous change of
/// `CLOCK_REALTIME`. A suspend is one, because `CLOCK_MONOTONIC` stands still in it: since Linux 5.14 `timekeeping_resume()` tells the
/// timers by `timerfd_resume()`, before that `hrtimers_resume()` did. A clock that is slewed, as time servers do, does not ring.
package struct ClockWatch: Sendable {
  /// For one consumer; the watch ends with it.
  package let rings: AsyncStream<Void>

  package init() throws(SystemEventError) {
    do throws(Errno) {
      let timer = try checked { csystemevents_clock_timer() }
      rings = KernelNotices(from: timer) { Self.wasSet(timer) }.rings
    } catch {
      throw SystemEventError(subject: "the clock", code: error)
    }
  }

  private static func wasSet(_ timer: CInt) -> Bool {
    var expirations: UInt64 = 0
    return read(timer, &expirations, MemoryLayout.size(ofValue: expirations)) < 0 && errno == ECANCELED
  }
}
