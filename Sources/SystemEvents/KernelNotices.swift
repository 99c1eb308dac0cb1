// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc
import SystemPackage

/// A descriptor that becomes readable when the kernel has news, as a stream of rings.
///
/// A ring says only that there was news. Rings are folded into one while nobody takes them, and nothing wakes up while there are none.
struct KernelNotices: Sendable {
  /// For one consumer. The descriptor is closed when the consumer goes away, or at `end()`.
  let rings: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - descriptor: Non-blocking, or read without blocking; owned from now on.
  ///   - drain: Reads all there is to read, and says whether it is worth a ring. Called on one queue, never twice at a time.
  init(from descriptor: CInt, drain: @escaping @Sendable () -> Bool) {
    let (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    (self.rings, self.bell) = (rings, bell)
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "kernel-notices"))
    source.setEventHandler { if drain() { bell.yield() } }
    source.setCancelHandler { close(descriptor) }
    bell.onTermination = { _ in source.cancel() }
    source.activate()
  }

  /// Ends the stream, and so whoever waits for it.
  func end() {
    bell.finish()
  }
}

/// The result of a system call, repeated when a signal interrupted it.
@discardableResult
func checked<Number: SignedInteger>(_ call: () -> Number) throws(Errno) -> Number {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = Errno(rawValue: errno)
    if code != .interrupted { throw code }
  }
}
