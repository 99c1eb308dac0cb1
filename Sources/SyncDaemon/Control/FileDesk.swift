import Threads

/// Where files are looked at, and rejected ones moved, for people and for Prometheus: one thing at a time, on a thread of its own.
///
/// The work loop, and the end of the daemon, run on threads that are as few as the processors; however many ask, and however slow the disk
/// is, none of those threads waits for it. What takes long is to be brought in pieces, so that others get their turn between them.
actor FileDesk {
  private let executor = BlockingExecutor(label: "files")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func run<Answer: Sendable>(_ work: @Sendable () throws -> Answer) rethrows -> Answer { try work() }
}
