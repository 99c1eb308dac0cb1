// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch

/// Runs an actor on a thread of its own, for work that blocks: the threads that all tasks share are as few as the processors.
///
/// Keep it in a property of the actor, and return `asUnownedSerialExecutor()` as the actor's `unownedExecutor`.
package final class BlockingExecutor: SerialExecutor {
  private let queue: DispatchQueue

  /// - Parameter label: For a person with a debugger.
  package init(label: String) {
    queue = DispatchQueue(label: label)
  }

  /// Does something that nobody waits for, as it may block for longer than anybody can.
  package func run(_ work: @escaping @Sendable () -> Void) {
    queue.async(execute: work)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
