import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import SyncDaemon
import SystemPackage
import Systemd

/// The configuration: checked, and shown.
struct ConfigVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Whether a configuration is right, and which one is in force.",
    discussion: """
      Examples:
        progressctl config check /etc/progress-sync/config.yaml
        progressctl config show
      """,
    subcommands: [CheckConfig.self, ShowConfig.self])
}

struct CheckConfig: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Whether progress-syncd could start with a configuration; says everything that is wrong with it.",
    discussion: """
      Reads what progress-syncd would read: the file, and above it the PROGRESS_SYNC_… \
      variables of the environment. Exits with 78 when something is wrong.

      Examples:
        progressctl config check new.yaml && sudo cp new.yaml /etc/progress-sync/config.yaml
        progressctl config check
        progressctl config check --json | jq -r '.problems[]'
      """)

  @Argument(help: "The file to check; by default the service's own.", completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @OptionGroup var service: ServiceOptions

  func validate() throws {
    if file != nil && service.config != nil { throw ValidationError("give the file once: as FILE or with --config") }
  }

  @Flag(help: "Print {\"problems\"} for scripts: a list of lines, empty when all is right.")
  var json = false

  func run() async throws {
    do {
      let (service, unread) = try await check()
      let subject = service.file.map(\.string) ?? "the configuration, all of it defaults,"
      try StandardOutput.write(json ? Self.report([]) : "\(subject.singleLine) is right\n")
      if let doubt = service.configuration.doubt { StandardError.say(doubt) }
      if let unread { StandardError.say("\(unread) was not checked, as you may not read it; sudo progressctl config check does") }
    } catch let error as ConfigurationError where json {
      try StandardOutput.write(Self.report(error.problems))
      throw ExitCode(EX_CONFIG)
    }
  }

  private static func report(_ problems: [String]) -> String {
    JSONValue.object(["problems": .array(problems.map { .string($0) })]).serialized + "\n"
  }

  /// What was checked, and the token's file when the caller may not read it. Throws `ConfigurationError`.
  private func check() async throws -> (Service, unread: FilePath?) {
    var options = service
    options.config = file ?? service.config
    let service = try options.service(environment: ProcessInfo.processInfo.environment)
    let token = service.configuration.api.tokenFile
    // The daemon may read it, and most others must not.
    let isHidden = token.map { path in path.withPlatformString { access($0, R_OK) } != 0 && errno == EACCES } ?? false
    do {
      try await service.configuration.check(withTokens: !isHidden)
    } catch {
      throw ConfigurationError(problems: [service.file.map { "\($0): \(error)" } ?? "\(error)"])
    }
    return (service, isHidden ? token : nil)
  }
}

extension Configuration {
  /// What a daemon may stumble over, though nothing is wrong with the file; nil when nothing is.
  fileprivate var doubt: String? {
    let directory = spool.directory
    var status = stat()
    // What cannot be looked at is not known to be amiss.
    guard directory.withPlatformString({ stat($0, &status) }) == 0 else {
      guard errno == ENOENT else { return nil }
      return
        "spool.directory: \(directory) does not exist; progress-syncd makes it only where its user may, and systemd-tmpfiles --create the usual one"
    }
    return status.st_mode & S_IFMT == S_IFDIR ? nil : "spool.directory: \(directory) is no directory; progress-syncd will not start with it"
  }
}

struct ShowConfig: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "The values that are in force, and where each comes from; secrets are masked.",
    discussion: """
      Asks the daemon, whose command line may set what no file says; where none answers, \
      shows what one would start with.

      Examples:
        progressctl config show
        progressctl config show --json | jq -r '.values[] | select(.origin != "default").key'
      """)

  @Flag(help: "Print {\"file\", \"values\": [{\"key\", \"value\", \"origin\"}]} for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let service = try service.service(environment: environment)
    let (report, source) = try await report(of: service, environment: environment)
    try StandardOutput.write(json ? ControlCoding.text(of: report) + "\n" : report.lines(source: source + service.aside))
  }

  private func report(of service: Service, environment: [String: String]) async throws -> (ConfigurationReport, source: String) {
    do {
      return (try await service.connected { try await $0.socket.configuration() }, "what progress-syncd goes by")
    } catch let error as ControlError where error.isWithoutDaemon {
      let file = self.service.config.map { FilePath($0) }
      let resolved = try ConfigurationSources.load(kind: service.kind, environment: environment, file: file)
      return (resolved.report, "what progress-syncd would start with (\(error))")
    } catch let error as ControlError {
      throw Failure(error, of: service)
    }
  }
}

extension ConfigurationReport {
  /// YAML that would set the same, with a comment on each line.
  func lines(source: String) -> String {
    var text = "# \(source.singleLine)" + (file.map { ", \($0.singleLine)" } ?? "") + "\n"
    let rows = values.map { ["\($0.key): \($0.value.singleLine)", "# \($0.origin.singleLine)"] }
    Table(rows).writeLines { text += $0 }
    return text
  }
}
