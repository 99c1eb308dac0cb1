package import ArgumentParser
import FoundationEssentials
import Logging
import SyncDaemon
import Systemd
import SystemPackage

/// progress-syncd: reads its flags, and runs the daemon.
///
/// A library, as the executable that is installed is this and progressctl in one.
package struct ProgressSyncd: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "progress-syncd",
    abstract: "Takes action files from a spool directory and delivers them to the progress API, whatever happens in between.",
    discussion: """
      Examples:
        progress-syncd --user                             the daemon of one person, under ~/.local/state
        progress-syncd --config my.yaml --check           says everything that is wrong with a configuration
        progress-syncd --set api.base_url=https://progress.example.com --set log.level=debug
        PROGRESS_SYNC_API_TIMESTAMPS=naive progress-syncd

      Flags beat the environment, which beats the file, which beats the defaults.
      SIGHUP reloads the configuration; SIGUSR1 tries the API again at once; SIGTERM finishes what is under way, and what is not done by then waits in the queue.

      Exit codes (sysexits.h): 0 told to stop, 64 wrong usage, 74 spool or queue unusable, 75 another daemon has the queue,
      or another process answers on control.socket, 78 wrong configuration.
      """,
    version: Daemon.version)

  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Sets one key, as in --set log.level=debug; may be repeated.", valueName: "key=value"))
  var set: [String] = []

  @Flag(help: "Run as the service of one person, not of the machine.")
  var user = false

  @Flag(help: "Only check the configuration.")
  var check = false

  package init() {}

  package func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let threshold = LogThreshold(.info)
    let destination = LogDestination(identifier: "progress-syncd", environment: environment)
    LoggingSystem.bootstrap { _ in ServiceLogHandler(destination: destination, threshold: threshold) }
    let logger = Logger(label: "progress-syncd")
    let (kind, file, flags) = (user ? ServiceKind.user : .system, config.map { FilePath($0) }, set)
    do {
      let daemon = try Daemon(kind: kind, threshold: threshold, logger: logger) {
        try ConfigurationSources.load(kind: kind, environment: environment, file: file, flags: flags)
      }
      if check {
        try await daemon.check()
        print("The configuration is valid.")
      } else {
        try await daemon.run()
      }
    } catch {
      for line in "\(error)".split(separator: "\n") { logger.say(.failedToStart, String(line), [.reason: String(line)]) }
      throw ExitCode(Daemon.exitCode(for: error))
    }
  }
}
