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

  var howToStart: String { "start it: \(startCommand)" }

  /// What starts its daemon.
  var startCommand: String {
    if isNamed, let file { return "progress-syncd --config \(file)" }
    return switch kind {
    case .user: "systemctl --user start progress-syncd"
    case .system: "sudo systemctl start progress-syncd"
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
    let search = ServiceSearch(environment: environment) { path in path.withPlatformString { access($0, F_OK) } == 0 }
    let kind = kind?.kind ?? search.kind
    let resolved = try ConfigurationSources.load(kind: kind, environment: environment, file: config.map { FilePath($0) })
    let isNamed = resolved.file.map { $0 != Configuration.defaultFile(kind: kind, environment: environment) } ?? false
    return Service(
      kind: kind, configuration: resolved.configuration, file: resolved.file, isNamed: isNamed, isOneOfTwo: search.isAmbiguous)
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
