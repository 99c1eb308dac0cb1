import ArgumentParser
import FoundationEssentials
import Logging
import ProgressModel
import ProgressServer
import SQLiteProgressStore

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the API until SIGTERM or Ctrl-C.",
    discussion: """
      There is no authentication yet, so it listens on this machine only.

      EXAMPLES
        progress-api serve
            On http://127.0.0.1:8000, with progress.sqlite in this directory.
        progress-api serve --database sqlite:/srv/progress.sqlite --port 8080

        A plan, a session done, and how far that is:

        u=http://127.0.0.1:8000/api
        curl -X PUT $u/programs/p1 -d '{"title": "Base",
            "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}]}]}'
        curl $u/progress/p1/complete -d '{"week_number": 1, "day_number": 1}'
        curl $u/progress/p1

      EXIT STATUS
        0 stopped by a signal, 64 wrong flags, 69 address or database not available.
      """)

  @Option(help: "Where programs and progress are kept: sqlite:PATH. The file is made when there is none.")
  var database = "sqlite:progress.sqlite"

  @Option(help: "The address to listen on; must be this machine's own.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 lets the system choose, and the first lines on standard error say which.")
  var port = 8000

  func run() async throws {
    let logger = Logger(label: "progress-api") { _ in StandardErrorLog() }
    do {
      let address = try ListenAddress(host: host, port: port)
      let store = try SQLiteProgressStore(path: DatabaseURL(database).path)
      logger.info("authentication is off: every user of this machine can read and change all progress")
      try await ProgressServer(store: store, logger: logger) { Timestamp(milliseconds: Date().millisecondsSince1970) }
        .run(on: address)
    } catch {
      logger.error("\(error)")
      throw ExitCode(error is ListenAddressError || error is DatabaseURLError ? 64 : 69)
    }
  }
}

extension Date {
  fileprivate var millisecondsSince1970: Int64 { Int64(timeIntervalSince1970 * 1000) }
}
