import SyncDaemon
import SystemPackage

/// Finds out which service is meant by somebody who does not say: the user's own where there is one, else the system's.
struct ServiceSearch {
  let environment: [String: String]
  let exists: (FilePath) -> Bool

  /// Whose service it is.
  ///
  /// What is there on purpose decides, whether the daemon runs at the moment or not: an action must not go to another place because of a
  /// restart. A state directory alone may be left over, and counts only where the machine has no service.
  var kind: ServiceKind { hasUserService || (hasUserState && !hasSystemService) ? .user : .system }

  /// Whether there are two that could be meant.
  var isAmbiguous: Bool { hasUserService && hasSystemService }

  private var hasUserService: Bool {
    let enabled = unitDirectories.map { $0.appending("default.target.wants/progress-syncd.service") }
    return (enabled + [user.control.socket] + configurationFile(.user)).contains(where: isThere)
  }

  private var hasUserState: Bool { isThere(user.state.directory) }

  private var hasSystemService: Bool {
    let system = Configuration(kind: .system, environment: [:], tokenExists: false)
    return ([system.spool.directory, system.control.socket] + configurationFile(.system)).contains(where: isThere)
  }

  private var user: Configuration { Configuration(kind: .user, environment: environment, tokenExists: false) }

  private func configurationFile(_ kind: ServiceKind) -> [FilePath] {
    Configuration.defaultFile(kind: kind, environment: environment).map { [$0] } ?? []
  }

  /// Where `systemctl --user enable` puts its links, and `systemctl --global enable` does; systemd.unit(5).
  private var unitDirectories: [FilePath] {
    let own = configurationFile(.user).map { $0.removingLastComponent().removingLastComponent().appending("systemd/user") }
    return own + ["/etc/systemd/user"]
  }

  private func isThere(_ path: FilePath) -> Bool { !path.isEmpty && exists(path) }
}
