import ControlClient
import ProgressModel
import Spool
import SystemPackage

/// Waits until the daemon has decided about a dropped file.
struct AcceptanceWait {
  let client: ControlClient
  let id: ActionID
  /// The spool's directory of rejected files.
  let rejected: FilePath
  /// The name that was dropped, which no other file has.
  let file: SpoolName
  let timeout: Duration

  enum Outcome: Equatable {
    case accepted
    case rejected(reason: String)
    case timedOut
  }

  /// The daemon calls nobody back, so this looks again and again: soon at first, as most files are accepted within milliseconds.
  ///
  /// Throws `ControlError` when the queue cannot be read, and `CancellationError`.
  func outcome(clock: some Clock<Duration>) async throws -> Outcome {
    let deadline = clock.now.advanced(by: timeout)
    var pause = Duration.milliseconds(5)
    while true {
      if try isAccepted() { return .accepted }
      if let reason = rejectionReason() { return .rejected(reason: reason) }
      guard clock.now < deadline else { return .timedOut }
      try await clock.sleep(until: min(deadline, clock.now.advanced(by: pause)), tolerance: nil)
      pause = min(pause * 2, .milliseconds(100))
    }
  }

  private func isAccepted() throws(ControlError) -> Bool {
    do {
      return try client.isAccepted(id)
    } catch .noQueue {
      return false
    }
  }

  /// The first line of the reason, once the file lies beside it: it is complete then.
  private func rejectionReason() -> String? {
    guard (try? contents(of: file)) != nil, let reason = try? contents(of: file.reasonName) else { return nil }
    return String(decoding: reason.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private func contents(of name: SpoolName) throws -> [UInt8] {
    let path = rejected.appending(name.description)
    let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking])
    return try descriptor.closeAfter { try descriptor.contents(atMost: 65_536) }
  }
}
