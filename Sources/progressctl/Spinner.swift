import Glibc
import ProgressModel
import SystemPackage

/// Shows on a terminal that something is waited for, and for how long already. Elsewhere it is silent.
struct Spinner {
  private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
  private static let pace = Duration.milliseconds(100)
  /// What is over sooner needs no spinner.
  private static let delay = Duration.milliseconds(300)

  /// Does `work` while `text` turns on standard error.
  static func turning<Answer: Sendable>(_ text: String, _ work: () async throws -> Answer) async throws -> Answer {
    guard Terminal.isDrawable(STDERR_FILENO) else { return try await work() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await turn(text) }
      defer {
        group.cancelAll()
        show("\r\u{1b}[K")
      }
      return try await work()
    }
  }

  private static func turn(_ text: String) async throws {
    let start = ContinuousClock.now
    try await Task.sleep(for: delay)
    for frame in sequence(first: 0, next: { $0 + 1 }) {
      let seconds = (ContinuousClock.now - start).components.seconds
      let line = "\(frames[frame % frames.count]) \(seconds) s: \(text)"
      // A line that the terminal has to break could not be taken back.
      show("\r\(line.cut(toColumns: Terminal.size.columns - 1))\u{1b}[K")
      try await Task.sleep(for: pace)
    }
  }

  private static func show(_ text: String) {
    // A terminal that is gone needs none.
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }
}
