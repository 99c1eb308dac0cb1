// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc

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

  /// The signals as they come, from the return of this on: none of them does by itself any more what it did.
  static func trap(_ numbers: [CInt]) async -> AsyncStream<CInt> {
    let (signals, continuation) = AsyncStream.makeStream(of: CInt.self)
    let queue = DispatchQueue(label: "signals")
    let sources = numbers.map { ($0, DispatchSource.makeSignalSource(signal: $0, queue: queue)) }
    // Whoever holds the sources keeps them working.
    continuation.onTermination = { _ in sources.forEach { $0.1.cancel() } }
    for (number, source) in sources {
      source.setEventHandler { continuation.yield(number) }
      await withCheckedContinuation { registered in
        source.setRegistrationHandler { registered.resume() }
        source.resume()
      }
    }
    return signals
  }
}
