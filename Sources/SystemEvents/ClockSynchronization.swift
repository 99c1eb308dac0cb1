import CSystemEvents

/// Whether a time service (systemd-timesyncd, chrony, ntpd) keeps the clock right, in the kernel's own words.
package enum ClockSynchronization {
  /// nil when the kernel does not say.
  package static var isSynchronized: Bool? {
    switch csystemevents_clock_is_synchronized() {
    case 0: false
    case 1: true
    default: nil
    }
  }
}
