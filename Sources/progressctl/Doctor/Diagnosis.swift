import ControlProtocol
import ProgressModel
import SyncDaemon
import SystemPackage

/// What one check came to: a line for a person, with the command that mends what is wrong.
struct Diagnosis: Hashable, Codable {
  let check: Check
  let verdict: Verdict
  let message: String
  /// A command, or what else to do.
  let fix: String?

  /// Names that scripts see, and which therefore stay; in the order in which a person would look.
  enum Check: String, Codable, CaseIterable {
    case configuration
    case daemon
    case unit
    case control
    case spool
    case submission
    case state
    case disk
    case inotify
    case clock
    case dns
    case tls
    case token
    case api
    case queue
  }

  enum Verdict: String, Codable, CaseIterable {
    case ok
    case warning
    case problem
    /// It was not checked, and why.
    case unknown
  }

  private init(_ check: Check, _ verdict: Verdict, _ message: String, _ fix: String?) {
    (self.check, self.verdict, self.message, self.fix) = (check, verdict, message, fix)
  }

  static func ok(_ check: Check, _ message: String) -> Diagnosis { Diagnosis(check, .ok, message, nil) }
  static func warning(_ check: Check, _ message: String, fix: String) -> Diagnosis { Diagnosis(check, .warning, message, fix) }
  static func problem(_ check: Check, _ message: String, fix: String) -> Diagnosis { Diagnosis(check, .problem, message, fix) }
  /// `fix`: how it can be checked.
  static func unknown(_ check: Check, _ message: String, fix: String? = nil) -> Diagnosis { Diagnosis(check, .unknown, message, fix) }
}

/// What is known of the daemon that is examined, apart from what the checks find out.
struct Patient: Hashable {
  var kind: ServiceKind
  var configuration: Configuration
  /// Whether its configuration is one that systemd does not start it with.
  var isNamed: Bool
  var startCommand: String
  /// Who asks.
  var caller: Caller
  /// What its unit keeps from it.
  var sandbox = Sandbox(.unavailable(""))

  struct Caller: Hashable {
    var user: UInt32
    var name: String
    var isRoot: Bool { user == 0 }
    /// Those of this process.
    var groups: Set<UInt32>
    /// Those that the system's files give this user, and so the next log-in.
    var groupsAtLogin: Set<UInt32>
  }

  var unitName: String { "progress-syncd" }

  /// Whom the system's unit runs the daemon as, and in which group.
  static let unitUser = "progress-sync"

  /// A user as chown(1) takes it, and a person reads it.
  func name(of user: UInt32) -> String { UserName.name(of: user) ?? "\(user)" }

  /// Makes a file the daemon's own, so that nobody else may read it.
  ///
  /// - Parameter daemonUser: nil where it cannot be seen.
  func howToClose(_ file: FilePath, of owner: UInt32, to daemonUser: UInt32?) -> String {
    let chmod = "\(sudo)chmod 600 \(file)"
    guard let daemonUser, owner != daemonUser else { return chmod }
    return "\(sudo)chown \(name(of: daemonUser)) \(file) && \(chmod)"
  }

  /// `systemctl …`, as the caller has to write it.
  func systemctl(_ words: String) -> String {
    kind == .user ? "systemctl --user \(words)" : "\(sudo)systemctl \(words)"
  }

  var sudo: String { caller.isRoot ? "" : "sudo " }

  var restart: String { isNamed ? "end it with SIGTERM, then \(startCommand)" : systemctl("restart \(unitName)") }

  /// What brings back sockets that somebody has removed: systemd keeps them, so after a restart alone nobody would find them either.
  var makeSocketsAgain: String {
    let stop = systemctl("stop \(unitName).socket \(unitName)-submit.socket \(unitName)")
    let directory = kind == .system ? ["\(sudo)systemd-tmpfiles --create progress-sync.conf"] : []
    return ([stop] + directory + [systemctl("start \(unitName)")]).joined(separator: " && ")
  }

  /// What has the daemon read its configuration again; one of no unit has the file of its own to be named.
  var reload: String { isNamed ? "progressctl reload, with the same --config" : systemctl("reload \(unitName)") }

  var journal: String { kind == .user ? "journalctl --user -u \(unitName) -e" : "\(sudo)journalctl -u \(unitName) -e" }

  /// Doctor as the one who may look into everything.
  var askAsRoot: String { "sudo progressctl doctor" }
}

/// How somebody stands to a group that lets its members in.
enum GroupStanding: Hashable {
  case member
  /// A member, but not in this session.
  case atNextLogin
  case stranger

  init(of caller: Patient.Caller, to groups: some Collection<UInt32>) {
    if groups.contains(where: caller.groups.contains) {
      self = .member
    } else {
      self = groups.contains(where: caller.groupsAtLogin.contains) ? .atNextLogin : .stranger
    }
  }

  /// How the caller comes in; `name` is the group's.
  func fix(for caller: Patient.Caller, group name: String) -> String {
    switch self {
    case .atNextLogin: "log in again, as you are in group \(name) only since then; for now: newgrp \(name)"
    case .member, .stranger: "sudo usermod -aG \(name) \(caller.name), then log in again"
    }
  }
}
