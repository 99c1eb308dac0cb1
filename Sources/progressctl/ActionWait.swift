import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import Spool
import SyncDaemon
import SystemPackage
import Systemd

/// Waits until the daemon has accepted a dropped file, or until the API has what was in it.
///
/// A daemon that ends meanwhile is waited for too: what it answers is durable, so the next one answers the same.
struct ActionWait {
  let client: ControlClient
  let id: ActionID
  /// Of the action's writes.
  let keys: [WriteKey]
  let goal: WaitGoal
  /// The spool's directory of rejected files.
  let rejected: FilePath
  /// The name that was dropped, which no other file has.
  let file: SpoolName
  let timeout: Duration
  /// Is told once why the daemon leaves the file where it is, should that last.
  var tell: (_ obstacle: String) -> Void = { _ in }

  enum Outcome: Equatable {
    case reached
    /// By the daemon: the file stands in `rejected/`.
    case rejected(reason: String)
    /// By the API.
    case failed(reason: String?)
    case discarded(reason: String?)
    /// What it had come to when the time was over.
    case timedOut(ActionReport)
  }

  /// The longest time for which the daemon keeps one answer back, so that a file that it rejects meanwhile is noticed.
  private static let longestPoll = Duration.seconds(1)
  private static let firstPoll = Duration.milliseconds(100)
  /// How often the files are looked at, or a daemon that is away.
  private static let longestPause = Duration.milliseconds(100)
  /// A file that is taken in later than that may have something in its way.
  private static let usualTime = Duration.seconds(1)

  /// Throws `ControlError` when nobody may know, and `CancellationError`.
  func outcome(clock: some Clock<Duration>) async throws -> Outcome {
    let start = clock.now
    let deadline = start.advanced(by: timeout)
    var (poll, pause) = (Self.firstPoll, Duration.milliseconds(5))
    var hasTold = false
    while true {
      let before = clock.now
      let look = try await look(for: max(.zero, min(poll, before.duration(to: deadline))))
      poll = min(poll * 2, Self.longestPoll)
      if let outcome = look.outcome { return outcome }
      guard clock.now < deadline else { return .timedOut(look.report) }
      if !hasTold, look.isOfDaemon, look.report.state == .unknown, start.duration(to: clock.now) >= Self.usualTime {
        hasTold = await tellObstacle()
      }
      // A daemon keeps its answer back for a while. Where there is none, this looks again and again: soon at first, as most files are
      // accepted within milliseconds.
      if before.duration(to: clock.now) >= pause { continue }
      try await clock.sleep(until: min(deadline, clock.now.advanced(by: pause)), tolerance: nil)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// Returns whether there was one to tell.
  private func tellObstacle() async -> Bool {
    do {
      guard let obstacle = try await client.socket.status().intakeObstacle(of: geteuid(), now: .now) else { return false }
      tell(obstacle)
    } catch ControlError.refused(let refusal) {
      tell("progress-syncd says: \(refusal.error.singleLine)")
    } catch {
      // Whether it can be asked is seen by the next look.
      return false
    }
    return true
  }

  private struct Look {
    var report: ActionReport
    var outcome: Outcome?
    var isOfDaemon = false
  }

  private func look(for patience: Duration) async throws -> Look {
    do {
      let report = try await client.socket.action(id, keys: keys, until: goal.state, for: patience)
      let rejection = report.state == .unknown ? try await rejection() : nil
      return Look(report: report, outcome: outcome(report) ?? rejection, isOfDaemon: true)
    } catch let error as ControlError where error.isWithoutDaemon {
      return try lookIntoFiles(insteadOf: error)
    } catch ControlError.refused(let refusal) where refusal.kind == .unavailable {
      return Look(report: ActionReport(state: .unknown), isOfDaemon: true)
    } catch let error as ControlError where error.isPassing {
      return Look(report: ActionReport(state: .unknown))
    }
  }

  private func outcome(_ report: ActionReport) -> Outcome? {
    switch (report.state, goal) {
    case (.unknown, _), (.accepted, .synced): nil
    case (.accepted, .accepted), (.synced, _), (.failed, .accepted), (.discarded, .accepted): .reached
    case (.failed, .synced): .failed(reason: report.reason)
    case (.discarded, .synced): .discarded(reason: report.reason)
    }
  }

  /// The name is looked for first: a list with all reasons is made for the one time that it is there.
  private func rejection() async throws -> Outcome? {
    do {
      _ = try await client.socket.contents(ofRejected: "\(file)")
    } catch ControlError.refused(let refusal) where refusal.kind == .notFound {
      return nil
    } catch ControlError.refused(let refusal) where refusal.kind == .conflict {
      // It is there, though nobody may read it.
    }
    for try await file in try await client.socket.rejected() where file.name == "\(self.file)" {
      return .rejected(reason: file.reason)
    }
    return nil
  }

  /// What the files tell those who may read them.
  private func lookIntoFiles(insteadOf error: ControlError) throws -> Look {
    if let reason = rejectionReason() { return Look(report: ActionReport(state: .unknown), outcome: .rejected(reason: reason)) }
    do {
      let report = try client.files.state(of: id, keys: keys)
      return Look(report: report, outcome: outcome(report))
    } catch .noQueue {
      return Look(report: ActionReport(state: .unknown))
    } catch .notPermitted where error.isPassing {
      return Look(report: ActionReport(state: .unknown))
    } catch .notPermitted {
      throw error
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
