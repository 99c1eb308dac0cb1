package import SystemPackage

/// Whose service it is, which decides where files lie by default.
package enum ServiceKind: String, CaseIterable, Sendable {
  /// Of the machine, under `/var`, `/run` and `/etc`.
  case system
  /// Of one person, under the directories of the XDG base directory specification.
  case user
}

extension Configuration {
  /// The defaults of a kind of service in an environment.
  ///
  /// - Parameter tokenExists: Whether the file of `tokenCredential(in:)` is there.
  ///
  /// Directories that a user's environment does not reveal are left empty, for the checks to report unless they are set.
  package init(kind: ServiceKind, environment: [String: String], tokenExists: Bool) {
    self.init()
    if tokenExists { api.tokenFile = Self.tokenCredential(in: environment) }
    let runtime = environment.directory("RUNTIME_DIRECTORY")
    switch kind {
    case .system:
      api.userTokens = environment.directory("CREDENTIALS_DIRECTORY")
      if let directory = environment.directory("STATE_DIRECTORY") { state.directory = directory }
      if let runtime { control.socket = runtime.appending("control.sock") }
    case .user:
      // systemd before 254 points $STATE_DIRECTORY of a user's service into ~/.config, where progressctl would not look.
      let home = environment.directory("XDG_STATE_HOME") ?? environment.directory("HOME")?.appending(".local/state")
      state.directory = home?.appending("progress-sync") ?? ""
      spool.directory = home?.appending("progress-sync/spool") ?? ""
      let ours = runtime ?? environment.directory("XDG_RUNTIME_DIR")?.appending("progress-sync") ?? home?.appending("progress-sync")
      control.socket = ours?.appending("control.sock") ?? ""
      control.group = nil
    }
  }

  /// Where action files are handed over by socket, unless that is configured: beside the control socket.
  var defaultSubmissionSocket: FilePath {
    control.socket.isEmpty ? "" : control.socket.removingLastComponent().appending("submit.sock")
  }

  /// Where systemd puts the token when the unit loads the credential `api-token`; nil outside such a unit.
  package static func tokenCredential(in environment: [String: String]) -> FilePath? {
    environment.directory("CREDENTIALS_DIRECTORY")?.appending("api-token")
  }

  /// The file that is read when none is named; nil when the environment does not reveal it.
  package static func defaultFile(kind: ServiceKind, environment: [String: String]) -> FilePath? {
    switch kind {
    case .system: "/etc/progress-sync/config.yaml"
    case .user:
      (environment.directory("XDG_CONFIG_HOME") ?? environment.directory("HOME")?.appending(".config"))?
        .appending("progress-sync/config.yaml")
    }
  }
}

extension [String: String] {
  /// The directory that a variable names, the first when systemd lists several. A relative one is ignored, as the
  /// [XDG specification](https://specifications.freedesktop.org/basedir-spec/latest/) demands.
  fileprivate func directory(_ name: String) -> FilePath? {
    guard let first = self[name]?.split(separator: ":").first, first.hasPrefix("/") else { return nil }
    return FilePath(String(first))
  }
}
