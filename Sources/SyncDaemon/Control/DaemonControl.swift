import ControlProtocol
import ControlServer
import Glibc
import Logging
import ProgressModel
import Spool
import SyncStore
import Systemd

/// The daemon as the control socket sees it: looks at files and at what the work loop notes, and leaves commands for the loop.
struct DaemonControl: ControlPort {
  let commons: Commons
  let desk = FileDesk()
  let queue: QueueView
  let rejectedFiles: RejectedFiles
  let metricsPage: MetricsPage
  let startedAt: Timestamp
  let logger: Logger
  let now: @Sendable () -> Timestamp

  init(
    _ configuration: Configuration, _ commons: Commons, metricsPage: MetricsPage, startedAt: Timestamp, logger: Logger,
    now: @escaping @Sendable () -> Timestamp
  ) {
    (self.commons, self.metricsPage, self.startedAt, self.logger, self.now) = (commons, metricsPage, startedAt, logger, now)
    queue = QueueView(path: configuration.queuePath, desk: desk)
    rejectedFiles = RejectedFiles(root: configuration.spool.directory)
  }

  func perform(_ command: ControlCommand, for caller: Caller) async throws -> CommandReport {
    if command.isForAdministrators, !caller.isAdministrator {
      throw ControlRefusal(.notPermitted, "\(command.name.rawValue) is for root and for the user that the daemon runs as: try sudo")
    }
    return try await commons.doorbell.ask(command, for: caller).get()
  }

  func events(matching filter: EventFilter, for caller: Caller) -> EventMailbox {
    commons.live.mailbox { caller.maySee($0) && filter.wants($0) }
  }

  func configuration(for caller: Caller) async throws -> ConfigurationReport { commons.running.report }

  func metrics() async throws -> String {
    await desk.run { metricsPage.text(now: now()) }
  }
}

extension ControlCommand {
  /// Whether it is about the daemon, and not about what somebody has dropped.
  fileprivate var isForAdministrators: Bool {
    switch self {
    case .flush, .retry, .discard: false
    case .pause, .resume, .logLevel, .reload: true
    }
  }
}
