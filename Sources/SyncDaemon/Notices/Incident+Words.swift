import ProgressModel
import Systemd
import SystemPackage

extension Incident {
  /// The line in the journal.
  func line(tokenFile: FilePath?, now: Timestamp) -> String {
    "A person is needed: \(trouble(now: now)); \(advice(tokenFile: tokenFile))"
  }

  /// What a desktop shows of it.
  func notice(tokenFile: FilePath?, now: Timestamp) -> DesktopNotice {
    DesktopNotice(
      title: title, body: "\(trouble(now: now).capitalizedFirst).\n\(advice(tokenFile: tokenFile).capitalizedFirst).", icon: icon,
      urgency: kind == .held ? .critical : .normal)
  }

  var fields: [JournalField: String] {
    switch self {
    case .held(let status, let reason): [.incident: kind.rawValue, .status: "\(status)", .reason: reason]
    case .failed(let count, _, let reason): [.incident: kind.rawValue, .entries: "\(count)", .reason: reason]
    case .bound(let sender, let limit): [.incident: kind.rawValue, .sender: "\(sender)", .limit: "\(limit)"]
    case .backlog(let count, let since): [.incident: kind.rawValue, .entries: "\(count)", .since: since.rfc3339]
    }
  }

  private var title: String {
    switch self {
    case .held: "Progress Sync needs a valid token"
    case .failed(1, _, _): "A change was refused"
    case .failed(let count, _, _): "\(count) changes were refused"
    case .bound: "New changes are not taken in"
    case .backlog: "Changes have waited for more than a day"
    }
  }

  private func trouble(now: Timestamp) -> String {
    switch self {
    case .held(let status, let reason): "everything waits, as the API answers \(status) (\(reason)); nothing is lost"
    case .failed(1, let last, let reason): "the API has refused \(last.map { "\($0)" } ?? "an entry") for good (\(reason))"
    case .failed(let count, let last, let reason):
      "the API has refused \(count) changes for good, the last \(last.map { "\($0)" } ?? "an entry") (\(reason))"
    case .bound(let sender, let limit):
      "user \(sender) has \(limit) rejected files, and what this user drops now stays in incoming/; nothing is lost"
    case .backlog(let count, let since): "\(count) \(count == 1 ? "change waits" : "changes wait"), the oldest for \((now - since).inWords)"
    }
  }

  private func advice(tokenFile: FilePath?) -> String {
    switch self {
    case .held:
      (tokenFile.map { "put a valid token into \($0)" } ?? "name a file with a valid token in api.token_file")
        + "; progressctl doctor checks it"
    case .failed: "see progressctl failed, then progressctl retry or discard"
    case .bound: "see progressctl rejected, then progressctl rejected requeue or discard"
    case .backlog: "progressctl status says why"
    }
  }

  /// A name of the [icon naming specification](https://specifications.freedesktop.org/icon-naming-spec/latest/).
  private var icon: String {
    switch self {
    case .held: "dialog-password"
    case .failed: "dialog-error"
    case .bound, .backlog: "dialog-warning"
    }
  }
}

extension Incident.Kind {
  var messageKind: MessageKind {
    switch self {
    case .held: .incidentHeld
    case .failed: .incidentFailed
    case .bound: .incidentBound
    case .backlog: .incidentBacklog
    }
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
