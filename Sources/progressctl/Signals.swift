import Glibc
import UnixSignals

/// How this program meets signals.
enum Signals {
  /// Ends the program as the signal does by itself, so that a shell sees it: 130 for SIGINT.
  static func die(of number: CInt) -> Never {
    signal(number, SIG_DFL)
    // Whoever waited for the signal has had it blocked.
    var itself = sigset_t()
    sigemptyset(&itself)
    sigaddset(&itself, number)
    pthread_sigmask(SIG_UNBLOCK, &itself, nil)
    raise(number)
    exit(128 + number)
  }

  /// Waits for one that asks to end.
  static func nextFarewell() async -> CInt {
    for await signal in await UnixSignalsSequence(trapping: [.sigint, .sigterm, .sighup]) { return signal.rawValue }
    return SIGTERM
  }
}
