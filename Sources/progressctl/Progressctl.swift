import ArgumentParser
import Glibc
import SyncDaemon

/// The person's and the script's end of progress-sync: drops actions, and looks into the daemon's queue.
@main
struct Progressctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "progressctl",
    abstract: "Record training progress for progress-syncd to deliver, and see what it has still to deliver.",
    discussion: """
      Examples:
        progressctl complete p1 1 3 --rating hard
        progressctl complete p1 1 3 --wait && echo safe in the queue
        progressctl rate p1 1 3 perfect
        progressctl schedule p1 1 4 2026-01-30
        progressctl log-exercise p1 1 3 squat --set sets=3 reps=5 weight=102.5
        progressctl status
        progressctl queue --json

      p1 1 3 is the session of day 3 in week 1 of the program p1. An action needs no \
      running daemon: it waits in the spool for one.

      Exit codes, as in sysexits.h: 0 done, 64 wrong usage, 65 refused action, 66 no \
      input or no queue yet, 69 no spool, 74 reading or writing failed, 75 not accepted \
      in time, 77 not permitted, 78 wrong configuration.
      """,
    version: Daemon.version,
    subcommands: [
      Complete.self, Uncomplete.self, Rate.self, Schedule.self, LogExercise.self, Status.self, Queue.self,
    ])

  static func main() async {
    // A reader that has seen enough, such as head, ends this program as it ends any other, whatever the parent ignores.
    signal(SIGPIPE, SIG_DFL)
    do {
      var command = try await asyncParseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Glibc.exit(Farewell(error).perform())
    }
  }
}
