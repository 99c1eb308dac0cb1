import SyncDaemon
import SystemPackage

/// What the daemon's unit, with all drop-ins, lets it see and write to, as far as that matters to where people put its files; systemd.exec(5),
/// "Sandboxing".
struct Sandbox: Hashable {
  static let properties = [
    "ProtectHome", "PrivateTmp", "ProtectSystem", "ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory", "BindPaths",
    "BindReadOnlyPaths",
  ]

  /// In whose place the daemon sees something else, or nothing.
  private var hidden: [FilePath] = []
  /// All that it may write to; nil where that is not restricted, or not known.
  private var writable: [FilePath]?

  init(_ unit: UnitFindings) {
    // What an operator binds into it may be anywhere.
    guard case .properties(let unit) = unit, unit["BindPaths", default: ""].isEmpty, unit["BindReadOnlyPaths", default: ""].isEmpty else {
      return
    }
    if ["yes", "tmpfs"].contains(unit["ProtectHome"]) { hidden += ["/home", "/root", "/run/user"] }
    if unit["PrivateTmp"] == "yes" { hidden += ["/tmp", "/var/tmp"] }
    guard unit["ProtectSystem"] == "strict" else { return }
    func words(_ name: String) -> [Substring] { unit[name, default: ""].split(separator: " ") }
    let named = words("ReadWritePaths").map { FilePath(String($0.drop { "-+".contains($0) })) }
    func directories(_ base: FilePath, _ name: String) -> [FilePath] { words(name).map { base.appending(String($0)) } }
    writable =
      named + directories("/var/lib", "StateDirectory") + directories("/var/cache", "CacheDirectory")
      + directories("/var/log", "LogsDirectory")
  }

  /// The directory that keeps a path out of the daemon's sight; nil when none does.
  func place(hiding path: FilePath) -> FilePath? {
    hidden.first { path.lexicallyNormalized().starts(with: $0) }
  }

  func allowsWriting(to path: FilePath) -> Bool {
    writable?.contains { path.lexicallyNormalized().starts(with: $0) } ?? true
  }
}

extension Patient {
  /// What a setting names and the daemon has to read, but does not see.
  func diagnoseHiddenFiles() -> [Diagnosis] {
    let api = configuration.api
    let mode = kind == .system ? "-m 600 -o \(Self.unitUser)" : "-m 600"
    return [("api.ca_file", api.caFile, "-m 644"), ("api.token_file", api.tokenFile, mode), ("api.user_tokens", api.userTokens, nil)]
      .compactMap { key, path, options in
        guard let path, let place = sandbox.place(hiding: path) else { return nil }
        let (home, install) = kind == .system ? ("/etc/progress-sync", "\(sudo)install") : ("~/.config/progress-sync", "install")
        let move = options.map { "\(install) \($0) \(path) \(home)/" } ?? "move it into \(home)"
        return .problem(
          .configuration, "\(key) is \(path), and the service sees nothing of \(place): it cannot reload, nor start again",
          fix: "\(move), name it there in \(key), then \(systemctl("reload-or-restart \(unitName)"))")
      }
  }

  /// What keeps the daemon from a directory of its own; nil when nothing does.
  ///
  /// - Parameter making: What makes the directory; nil where it is there.
  func diagnoseSandbox(_ check: Diagnosis.Check, of directory: FilePath, making: String?) -> Diagnosis? {
    let key = "\(check.rawValue).directory"
    if let place = sandbox.place(hiding: directory) {
      return .problem(
        check, "\(key) is \(directory), and the service sees nothing of \(place)", fix: "name another place in \(key), then \(restart)")
    }
    guard !sandbox.allowsWriting(to: directory) else { return nil }
    let fix = [making, allowWriting(to: directory, named: check.rawValue)].compactMap { $0 }.joined(separator: " && ")
    return .problem(check, "\(key) is \(directory), which the service may not write to", fix: fix)
  }

  /// A drop-in of the unit, which takes effect at once.
  private func allowWriting(to directory: FilePath, named name: String) -> String {
    let (place, install) = kind == .system ? ("/etc/systemd/system", "\(sudo)install") : ("~/.config/systemd/user", "install")
    return "printf '[Service]\\nReadWritePaths=%s\\n' \(directory) | \(install) -D -m 644 /dev/stdin "
      + "\(place)/\(unitName).service.d/\(name).conf && \(systemctl("daemon-reload")) && \(restart)"
  }

  /// What makes the directories of a spool, wherever the configuration has it.
  var howToMakeSpool: String {
    let (spool, usual) = (configuration.spool.directory, Configuration(kind: .system, environment: [:], tokenExists: false).spool.directory)
    guard kind == .system, !isNamed else { return startCommand }
    let create = "\(sudo)systemd-tmpfiles --create progress-sync.conf"
    guard spool != usual else { return create }
    return "sed 's|\(usual)|\(spool)|' /usr/lib/tmpfiles.d/progress-sync.conf | \(sudo)tee /etc/tmpfiles.d/progress-sync.conf >/dev/null"
      + " && \(create)"
  }

  /// What makes a directory that is the daemon's alone.
  func howToMakeOwnDirectory(_ directory: FilePath) -> String {
    kind == .system
      ? "\(sudo)install -d -m 700 -o \(Self.unitUser) -g \(Self.unitUser) \(directory)" : "install -d -m 700 \(directory)"
  }
}
