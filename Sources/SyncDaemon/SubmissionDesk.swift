import ControlServer
import Glibc
import Logging
import ServiceLifecycle
import Spool
import SystemPackage
import Threads

/// Takes action files from those who hand them over by socket, beside the work loop, which finds them in the spool as it finds all others.
///
/// Disks and clients may be slow: it has a thread of its own, on which nobody else waits.
actor SubmissionDesk: Service {
  private let root: FilePath
  private let running: RunningConfiguration
  private let socket: DaemonSocket
  private let logger: Logger
  private let executor = BlockingExecutor(label: "submissions")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameter socket: Stays open, and in its place, when the desk closes.
  init(root: FilePath, running: RunningConfiguration, on socket: DaemonSocket, logger: Logger) {
    (self.root, self.running, self.socket, self.logger) = (root, running, socket, logger)
  }

  /// Serves until a graceful shutdown. Never throws: what keeps it from serving is logged, and the directory is open still.
  func run() async {
    do {
      let (bell, listener) = (try StopBell(), try socket.duplicate())
      defer { close(listener) }
      await withTaskCancellationOrGracefulShutdownHandler {
        serve(listener, until: bell)
      } onCancelOrGracefulShutdown: {
        bell.ring()
      }
    } catch {
      logger.say(.submissionFailed, "The submission socket does not work, syncing goes on without it: \(error)")
      // The end of a service ends the daemon.
      try? await gracefulShutdown()
    }
  }

  private func serve(_ listener: CInt, until bell: StopBell) {
    let server = SubmissionServer(
      listener: listener, root: root, limits: { [running] in running.now.submissionLimits },
      onTrouble: { [logger] in logger.say(.submissionFailed, "The submission socket: \($0); trying again, and the directory is open") })
    server.serve(until: bell)
  }
}
