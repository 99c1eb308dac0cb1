import ControlClient
import Spool
import SyncDaemon
import SystemPackage

extension Patient {
  /// Whether the daemon takes actions by socket; `obstacle` is why not.
  func diagnoseSubmission(_ obstacle: SubmissionObstacle?, presence: DaemonPresence) -> Diagnosis {
    let socket = configuration.spool.socket
    guard let obstacle else { return .ok(.submission, "you can hand actions over by \(socket)") }
    switch obstacle.code {
    case .noSuchFileOrDirectory? where presence.isRunning && !isNamed:
      return .warning(.submission, "the daemon runs, but \(socket) is gone; what is dropped goes by the spool", fix: makeSocketsAgain)
    case .noSuchFileOrDirectory?, .connectionRefused?:
      return .unknown(.submission, "\(socket): no daemon takes actions there; what is dropped waits in the spool", fix: startCommand)
    case .permissionDenied?:
      let fix = configuration.control.group.map { "sudo usermod -aG \($0) \(caller.name), then log in again" }
      return .warning(.submission, "you may not connect to \(socket)", fix: fix ?? askAsRoot)
    default: return .warning(.submission, "actions cannot be handed over by socket: \(obstacle.reason)", fix: "see \(journal)")
    }
  }
}
