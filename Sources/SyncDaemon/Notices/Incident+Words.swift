import ProgressModel
import SyncPolicy
import Systemd

extension Incident {
  /// The line in the journal.
  func line(_ places: TokenPlaces, now: Timestamp) -> String {
    "A person is needed: \(trouble(now: now)); \(advice(places))"
  }

  /// What a desktop shows of it.
  func notice(_ places: TokenPlaces, now: Timestamp) -> DesktopNotice {
    DesktopNotice(
      title: title, body: "\(trouble(now: now).capitalizedFirst).\n\(advice(places).capitalizedFirst).", icon: icon,
      urgency: kind == .held ? .critical : .normal)
  }

  var fields: [JournalField: String] {
    var fields = subject.fields
    switch self {
    case .held(_, let status, let reason): (fields[.status], fields[.reason]) = (status.map { "\($0)" }, reason)
    case .failed(let count, _, let reason): (fields[.entries], fields[.reason]) = ("\(count)", reason)
    case .bound(let sender, let limit): (fields[.sender], fields[.limit]) = ("\(sender)", "\(limit)")
    case .backlog(let count, let since): (fields[.entries], fields[.since]) = ("\(count)", since.rfc3339)
    }
    return fields
  }

  private var title: String {
    switch self {
    case .held(let account, _, _): "Progress Sync needs a valid token" + (account.user.map { " of \(UserName($0))" } ?? "")
    case .failed(1, _, _): "A change was refused"
    case .failed(let count, _, _): "\(count) changes were refused"
    case .bound: "New changes are not taken in"
    case .backlog: "Changes have waited for more than a day"
    }
  }

  private func trouble(now: Timestamp) -> String {
    switch self {
    case .held(let account, let status, let reason):
      "\(account.user.map { "what \(UserName($0)) dropped" } ?? "everything") waits, as "
        + "\(status.map { "the API answers \($0) (\(reason))" } ?? reason); nothing is lost"
    case .failed(1, let last, let reason): "the API has refused \(last.map { "\($0)" } ?? "an entry") for good (\(reason))"
    case .failed(let count, let last, let reason):
      "the API has refused \(count) changes for good, the last \(last.map { "\($0)" } ?? "an entry") (\(reason))"
    case .bound(let sender, let limit):
      "user \(sender) has \(limit) rejected files, and what this user drops now stays in incoming/; nothing is lost"
    case .backlog(let count, let since): "\(count) \(count == 1 ? "change waits" : "changes wait"), the oldest for \((now - since).inWords)"
    }
  }

  private func advice(_ places: TokenPlaces) -> String {
    switch self {
    case .held(let account, _, _): places.advice(for: account) + "; progressctl doctor checks it"
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

extension Incident.Subject {
  var fields: [JournalField: String] {
    var fields: [JournalField: String] = [.incident: kind.rawValue]
    fields[.account] = account.user.map { "\($0)" }
    return fields
  }

  var messageKind: MessageKind {
    switch kind {
    case .held: account == .common ? .incidentHeld : .incidentAccountHeld
    case .failed: .incidentFailed
    case .bound: .incidentBound
    case .backlog: .incidentBacklog
    }
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
