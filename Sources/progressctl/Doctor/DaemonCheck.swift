import ControlClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import SystemPackage
import Systemd

/// What came of asking the daemon over its control socket.
enum DaemonAnswer: Hashable {
  case status(StatusReport)
  /// Nobody listens there.
  case nobody
  /// The group whose members may connect, where that can be seen.
  case forbidden(group: UInt32?, name: String?)
  /// Why there is none, though somebody listens.
  case failed(String)
}

extension Patient {
  /// Whether the daemon runs, and is the one that is installed.
  func diagnoseDaemon(_ answer: DaemonAnswer, presence: DaemonPresence, now: Timestamp) -> [Diagnosis] {
    switch answer {
    case .status(let status): return [diagnose(status.daemon, now: now)]
    case .failed(let reason):
      return [.problem(.daemon, "progress-syncd does not answer as it should: \(reason)", fix: "see \(journal); \(restart)")]
    case .nobody, .forbidden: break
    }
    switch presence {
    case .running(let process):
      return [.ok(.daemon, "progress-syncd runs" + (process.map { ", process \($0)" } ?? ""))]
    case .stopped:
      return [.problem(.daemon, "progress-syncd does not run; what is dropped waits in the spool", fix: startCommand)]
    case .unknown:
      if case .forbidden = answer { return [.unknown(.daemon, "whether progress-syncd runs, and which version", fix: askAsRoot)] }
      return [.problem(.daemon, "progress-syncd does not run, as far as can be seen", fix: startCommand)]
    }
  }

  private func diagnose(_ daemon: DaemonReport, now: Timestamp) -> Diagnosis {
    let version = daemon.version ?? "of an unknown version"
    let since = daemon.startedAt.map { ", since \((now - $0).inWords)" } ?? ""
    let text = "progress-syncd \(version) runs" + (daemon.pid.map { ", process \($0)" } ?? "") + since
    if daemon.isOutdated == true {
      return .warning(.daemon, text + "; its program has been replaced since", fix: restart)
    }
    if let version = daemon.version, version != Daemon.version {
      return .warning(.daemon, text + "; this is progressctl \(Daemon.version)", fix: "install the same version of both, then \(restart)")
    }
    return .ok(.daemon, text)
  }

  /// Whether the control socket lets the caller in.
  ///
  /// - Parameters:
  ///   - isSocketThere: Whether its path leads anywhere.
  ///   - usual: That of the unit as it is installed, if another one is configured and this is there.
  func diagnoseControl(
    _ answer: DaemonAnswer, presence: DaemonPresence, isSocketThere: Bool, usual: FilePath? = nil
  ) -> [Diagnosis] {
    let socket = configuration.control.socket
    switch answer {
    case .status: return [.ok(.control, "\(socket) answers")]
    case .failed(let reason): return [.problem(.control, "\(socket): \(reason)", fix: "see \(journal)")]
    case .nobody:
      guard case .running = presence else { return [.unknown(.control, "\(socket): no daemon to answer", fix: startCommand)] }
      if !isSocketThere, !isNamed, let usual {
        return [
          .problem(
            .control, "the daemon is at \(usual), as its socket unit says, and not at \(socket), as control.socket does",
            fix: "take control.socket out of the configuration, or \(systemctl("edit \(unitName).socket")) with ListenStream=\(socket); "
              + "then \(makeSocketsAgain)")
        ]
      }
      if !isSocketThere, !isNamed { return [.problem(.control, "the daemon runs, but \(socket) is gone", fix: makeSocketsAgain)] }
      return [
        .problem(
          .control, "the daemon runs, but nobody listens on \(socket)",
          fix: "see that control.socket is what the daemon was started with, then \(restart)")
      ]
    case .forbidden(let group, let name):
      guard let group, let name else { return [.problem(.control, "you may not connect to \(socket)", fix: askAsRoot)] }
      let standing = GroupStanding(of: caller, to: [group])
      return [
        .problem(.control, "you may not connect to \(socket), as only group \(name) may", fix: standing.fix(for: caller, group: name))
      ]
    }
  }

  /// What waits for a person, in the daemon's own words.
  func diagnoseQueue(_ answer: DaemonAnswer, now: Timestamp) -> [Diagnosis] {
    guard case .status(let status) = answer else { return [.unknown(.queue, "what waits, and what failed: the daemon could not be asked")] }
    var found: [Diagnosis] = []
    if let pause = status.pause {
      let until = pause.until.map { " until \($0)" } ?? ""
      found.append(
        .warning(.queue, "sending is paused since \(pause.since)\(until), by user id \(pause.by)", fix: "\(sudo)progressctl resume"))
    }
    if status.failed > 0 {
      found.append(
        .warning(
          .queue, "\(status.failed) refused by the API: \(status.failures.first?.lastError?.singleLine ?? "each with its reason")",
          fix: "progressctl failed, then progressctl retry ID or progressctl discard ID"))
    }
    if status.parked > 0 {
      found.append(
        .warning(.queue, "\(status.parked) parked after quick retries in vain", fix: "progressctl queue; to try now: progressctl flush"))
    }
    if let oldest = status.oldestAcceptedAt, now - oldest > .seconds(86_400), status.parked == 0 {
      found.append(
        .warning(.queue, "the oldest write waits for \((now - oldest).inWords)", fix: "progressctl queue; to try now: progressctl flush"))
    }
    if let rejected = status.spool?.rejected, rejected > 0 {
      let files = rejected == 1 ? "1 file was" : "\(rejected) files were"
      found.append(.warning(.queue, "\(files) rejected", fix: "progressctl rejected"))
    }
    for bound in status.bounds {
      found.append(.warning(.queue, "\(bound.words(now: now)); \(bound.consequence)", fix: bound.remedy))
    }
    if let trouble = status.disk?.trouble {
      found.append(
        .problem(
          .disk, "the spool or the queue cannot be used: \(trouble)", fix: "free some space, or mend the disk; nothing is lost meanwhile"))
    }
    return found.contains { $0.check == .queue } ? found : found + [.ok(.queue, status.queueInWords)]
  }
}

extension StatusReport {
  fileprivate var queueInWords: String {
    let synced = lastSyncedAt.map { ", last synced at \($0)" } ?? ""
    return pending == 0 ? "nothing waits\(synced)" : "\(pending) wait\(pending == 1 ? "s" : "")\(synced)"
  }
}
