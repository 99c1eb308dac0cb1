// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch

/// Runs an actor on a thread of its own, for work that blocks: the threads that all tasks share are as few as the processors.
final class BlockingExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(label: String) {
    queue = DispatchQueue(label: label)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
