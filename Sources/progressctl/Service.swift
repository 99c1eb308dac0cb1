import ArgumentParser
import ControlClient
import Glibc
import SyncDaemon
import SystemPackage

/// The daemon that a command is about, by its configuration.
struct Service {
  let kind: ServiceKind
  let configuration: Configuration
  /// The file that the configuration was read from; nil when there is none.
  let file: FilePath?
  /// Whether the file is another than the one that systemd starts the service with.
  let isNamed: Bool
  /// Whether somebody could have expected the other kind.
  var isOneOfTwo = false

  /// The spool's directory of refused files.
  var rejected: FilePath { configuration.spool.directory.appending("rejected") }

  /// The daemon's files, for when it does not answer.
  var files: DaemonFiles {
    DaemonFiles(
      queuePath: configuration.queuePath.string, lockPath: configuration.state.directory.appending("lock").string,
      maximumAttempts: configuration.retry.backoff.count)
  }

  /// What was looked at, for those who expected another.
  var name: String {
    let owner =
      switch kind {
      case .user: "the user's service"
      case .system: "the system's service"
      }
    return owner + (file.map { ", \($0)" } ?? "")
  }

  /// What is put behind a line that is about the daemon, where somebody could have expected the other one.
  var aside: String { isOneOfTwo ? " (\(name))" : "" }

  var howToStart: String { "start it: \(startCommand)" }

  /// What says why its daemon does not start.
  var whereToLook: String { whereToLook(asRoot: geteuid() == 0) }

  func whereToLook(asRoot isRoot: Bool) -> String {
    if isNamed { return "what progress-syncd itself says" }
    return switch kind {
    case .user: "systemctl --user status progress-syncd and journalctl --user -u progress-syncd -e"
    case .system: "systemctl status progress-syncd and \(isRoot ? "" : "sudo ")journalctl -u progress-syncd -e"
    }
  }

  /// What starts its daemon, as the caller has to write it.
  var startCommand: String { startCommand(asRoot: geteuid() == 0) }

  func startCommand(asRoot isRoot: Bool) -> String {
    if isNamed, let file { return "progress-syncd --config \(file)" }
    return switch kind {
    case .user: "systemctl --user start progress-syncd"
    case .system: "\(isRoot ? "" : "sudo ")systemctl start progress-syncd"
    }
  }
}

/// The flags that say which daemon is meant.
struct ServiceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The daemon's configuration file.", valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Flag(help: "The user's service or the system's; by default the user's where it is enabled, configured or running.")
  var kind: ServiceFlag?

  /// Finds the service; `environment` is that of the process.
  ///
  /// Throws `ConfigurationError`.
  func service(environment: [String: String]) throws(ConfigurationError) -> Service {
    let environment = environment.ofLogin
    let search = ServiceSearch(environment: environment, exists: \.exists)
    let kind = kind?.kind ?? search.kind
    let resolved = try ConfigurationSources.load(kind: kind, environment: environment, file: config.map { FilePath($0) })
    let isNamed = resolved.file.map { $0 != Configuration.defaultFile(kind: kind, environment: environment) } ?? false
    return Service(
      kind: kind, configuration: resolved.configuration, file: resolved.file, isNamed: isNamed, isOneOfTwo: search.isAmbiguous)
  }

  /// The service, for what only asks its daemon. While the file is wrong, a daemon that runs goes by what stood there before: it is found at
  /// its usual socket, and what is wrong is said to whoever reads standard error.
  ///
  /// Throws `ConfigurationError`; always for a file that was named, as it may name another socket.
  func runningService(
    environment: [String: String], tell: (String) -> Void = StandardError.say
  ) throws(ConfigurationError) -> Service {
    do {
      return try service(environment: environment)
    } catch {
      let usual = usualService(environment: environment)
      guard !usual.isNamed, usual.configuration.control.socket.exists else { throw error }
      for problem in error.problems { tell("\(problem)") }
      tell("asking the daemon at \(usual.configuration.control.socket), which goes by what it has read before")
      return usual
    }
  }

  /// The service by its defaults, for when its file cannot be read. A file that was named, whichever it is, may have others.
  func usualService(environment: [String: String]) -> Service {
    let environment = environment.ofLogin
    let search = ServiceSearch(environment: environment, exists: \.exists)
    let kind = kind?.kind ?? search.kind
    let named = (config ?? environment["PROGRESS_SYNC_CONFIG"]).map { FilePath($0) }
    return Service(
      kind: kind, configuration: Configuration(kind: kind, environment: environment, tokenExists: false),
      file: named ?? Configuration.defaultFile(kind: kind, environment: environment), isNamed: named != nil,
      isOneOfTwo: search.isAmbiguous)
  }
}

extension [String: String] {
  /// The same with the runtime directory of whoever is logged in: cron, runuser and sudo do not pass it on; pam_systemd(8).
  fileprivate var ofLogin: Self {
    let directory = FilePath("/run/user/\(getuid())")
    guard self["XDG_RUNTIME_DIR", default: ""].isEmpty, directory.exists else { return self }
    return merging(["XDG_RUNTIME_DIR": directory.string]) { _, usual in usual }
  }
}

enum ServiceFlag: String, EnumerableFlag {
  case user
  case system

  fileprivate var kind: ServiceKind {
    switch self {
    case .user: .user
    case .system: .system
    }
  }
}
