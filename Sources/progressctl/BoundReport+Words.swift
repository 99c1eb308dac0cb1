import ControlProtocol
import ProgressModel
import SyncDaemon
import SyncPolicy

extension BoundReport {
  /// Who has too much of what, for a person.
  func words(now: Timestamp) -> String {
    "\(UserName(sender)) has reached the bound of \(kind.inWords(limit)), \((now - since).inWords) ago"
  }

  /// What follows, and what ends it.
  var consequence: String { "further files stay in incoming/ until \(kind.end); nothing is lost" }

  /// The command that makes room.
  var remedy: String {
    switch bound {
    case .files: "progressctl rejected; then progressctl rejected requeue or discard"
    case .keys, .bytes: "progressctl queue; what is not wanted any more: progressctl discard"
    }
  }

  private var kind: SenderBounds.Bound {
    switch bound {
    case .files: .files
    case .keys: .keys
    case .bytes: .bytes
    }
  }
}
