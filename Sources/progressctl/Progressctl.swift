import ArgumentParser
import Glibc
import SyncDaemon
import SyncdCommand
import SystemPackage

/// The person's and the script's end of progress-sync: drops actions, looks into the daemon, and puts right what is wrong there.
@main
struct Progressctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "progressctl",
    abstract: "Record training progress for progress-syncd to deliver, and see what it has still to deliver.",
    discussion: """
      Examples:
        progressctl complete p1 1 3 --rating hard
        progressctl complete p1 1 3 --wait && echo safe in the queue
        progressctl rate p1 1 3 perfect --wait=synced && echo the API has it
        progressctl log-exercise p1 1 3 squat --set sets=3 reps=5 weight=102.5
        progressctl status --watch
        progressctl queue --json
        progressctl failed
        progressctl retry --all-failed
        progressctl watch --program p1

      p1 1 3 is the session of day 3 in week 1 of the program p1. An action needs no \
      running daemon: it waits in the spool for one. status, queue, failed and show-entry \
      do without one where the daemon's files may be read; the rest talks to it.

      Exit codes, as in sysexits.h: 0 done, 1 the doctor has found a problem, 64 wrong usage \
      or not confirmed, 65 refused action, 66 no such entry or file, no input or no queue \
      yet, 69 no daemon or no spool, 74 reading or writing failed, 75 not accepted or \
      delivered in time, not possible as things stand, the daemon is ending, or no answer, \
      76 a daemon of another version, 77 not permitted, 78 wrong configuration. Ended by \
      a signal: 128 and its number, 130 for Ctrl-C.
      """,
    version: Daemon.version,
    subcommands: [
      Complete.self, Uncomplete.self, Rate.self, Schedule.self, LogExercise.self,
      Status.self, Queue.self, Failed.self, ShowEntry.self, Watch.self,
      Flush.self, Retry.self, Discard.self, Clear.self, Pause.self, Resume.self, LogLevel.self, Reload.self,
      Rejected.self, Doctor.self, ConfigVerb.self, Completion.self,
    ])

  static func main() async {
    // libdispatch would tell the journal, once for each thread, that whoever is not root may not choose its priority.
    setenv("LIBDISPATCH_LOG", "NO", 0)
    // Installed, this executable has both names: what the two programs share is nearly all of either.
    if FilePath(CommandLine.arguments.first ?? "").lastComponent == "progress-syncd" { return await ProgressSyncd.main() }
    // A reader that has seen enough, such as head, ends this program as it ends any other, whatever the parent ignores.
    signal(SIGPIPE, SIG_DFL)
    do {
      var command = try await asyncParseAsRoot(ArgumentSpelling.spelledOut(Array(CommandLine.arguments.dropFirst())))
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
