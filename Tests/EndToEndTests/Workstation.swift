import AsyncHTTPClient
import Foundation
import GRDB
import Glibc
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// A machine of its own: the three programs, a spool, a queue and the API's database, in a temporary directory.
final class Workstation {
  let directory: URL
  let notifications: NotifySocket
  private(set) var api: RunningProgram?
  private(set) var daemon: RunningProgram?
  /// The API's port: the same after a restart.
  private(set) var apiPort = 0
  /// Where the daemon sends to, when not straight to the API.
  var proxyPort: Int?
  private var apiStarts = 0
  private var dropped = 0

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "end-to-end-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    notifications = try NotifySocket(in: directory)
  }

  deinit {
    (api, daemon) = (nil, nil)
    // What is left lies in the system's own temporary directory.
    try? FileManager.default.removeItem(at: directory)
  }

  var incoming: URL { directory.appending(path: "spool/incoming") }
  var configurationFile: URL { directory.appending(path: "config.yaml") }
  var apiURL: String { "http://127.0.0.1:\(apiPort)" }

  // MARK: The API

  /// Starts the API, with a program `p1` of fifty sessions.
  func startAPI(in network: PrivateNetwork? = nil) async throws {
    let database = "sqlite:" + directory.appending(path: "progress.sqlite").path
    let program = try RunningProgram(
      "progress-api", ["serve", "--database", database, "--port", "\(apiPort)"], output: directory.appending(path: "api.log"),
      through: network?.entrance ?? [])
    api = program
    let greeting = "progress-api listening on http://127.0.0.1:"
    apiStarts += 1
    try await eventually("the API listens") { try program.words.ranges(of: greeting).count >= self.apiStarts }
    if apiPort == 0 {
      apiPort = try program.words.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.1) } ?? 0
      let sessions = (1...50).map { "{\"dayNumber\":\($0)}" }.joined(separator: ",")
      try await put("/api/programs/p1", "{\"title\":\"End to end\",\"weeks\":[{\"weekNumber\":1,\"sessions\":[\(sessions)]}]}")
    }
  }

  func stopAPI() async throws {
    let program = try #require(api)
    program.send(SIGTERM)
    #expect(await program.end() == 0)
    api = nil
  }

  /// Makes a program known to the API.
  func addProgram(_ id: String) async throws {
    try await put("/api/programs/\(id)", "{\"title\":\"One more\",\"weeks\":[{\"weekNumber\":1,\"sessions\":[{\"dayNumber\":1}]}]}")
  }

  /// The rows of the API's database, as a person sees them: `1-3 done easy 2026-01-28 squat`.
  func rows(of program: String = "p1") throws -> [String] {
    var configuration = Configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: directory.appending(path: "progress.sqlite").path, configuration: configuration).read { database in
      let sql = "SELECT * FROM progress_logs WHERE program_id = ? ORDER BY week_number, day_number"
      return try Row.fetchAll(database, sql: sql, arguments: [program]).map { row in
        let feedback = try JSONSerialization.jsonObject(with: Data((row["feedback"] as String).utf8)) as? [String: Any] ?? [:]
        let session = "\(row["week_number"] as Int)-\(row["day_number"] as Int)"
        let values = [feedback["intensityRating"], feedback["scheduledDate"]].compactMap { $0 as? String }
        let exercises = (feedback["exerciseLogs"] as? [[String: Any]] ?? []).compactMap { $0["exercise_id"] as? String }
        return ([session, (row["completed"] as Bool) ? "done" : "open"] + values + exercises).joined(separator: " ")
      }
    }
  }

  private func put(_ path: String, _ body: String) async throws {
    var request = HTTPClientRequest(url: apiURL + path)
    request.method = .PUT
    request.body = .bytes(ByteBuffer(string: body))
    let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
    #expect(answer.status == .created)
  }

  // MARK: The daemon

  /// Writes the configuration file; requests have as long as a slow machine takes, unless `more` says otherwise.
  func configure(_ more: String = "") throws {
    let patience = more.contains("request_timeout") ? "" : "api.request_timeout: 5m"
    let text = """
      api.base_url: http://127.0.0.1:\(proxyPort ?? apiPort)
      spool.directory: \(directory.appending(path: "spool").path)
      state.directory: \(directory.appending(path: "state").path)
      control.socket: \(directory.appending(path: "control.sock").path)
      \(more)
      \(patience)

      """
    try Data(text.utf8).write(to: configurationFile)
  }

  /// Starts the daemon, perhaps by a program that becomes it, and waits until it says that it is ready.
  func startDaemon(
    _ arguments: String..., environment: [String: String] = [:], in network: PrivateNetwork? = nil, through launcher: [String] = []
  ) async throws {
    let before = notifications.received.count { $0 == "READY=1" }
    let environment = ["NOTIFY_SOCKET": notifications.path].merging(environment) { $1 }
    let program = try RunningProgram(
      "progress-syncd", ["--config", configurationFile.path] + arguments, environment: environment,
      output: directory.appending(path: "daemon.log"),
      through: network?.entrance ?? launcher)
    daemon = program
    try await eventually("the daemon is ready") {
      let words = try program.words
      try #require(program.isRunning, "the daemon ended: \(words)")
      return self.notifications.received.count { $0 == "READY=1" } > before
    }
  }

  func killDaemon() async throws {
    let program = try #require(daemon)
    program.send(SIGKILL)
    #expect(await program.end() == -SIGKILL)
    daemon = nil
  }

  func stopDaemon() async throws {
    let program = try #require(daemon)
    program.send(SIGTERM)
    #expect(await program.end() == 0)
    daemon = nil
  }

  var daemonLog: String {
    get throws { try String(contentsOf: directory.appending(path: "daemon.log"), encoding: .utf8) }
  }

  // MARK: Clients

  /// Drops a file as a shell does: written under a hidden name, then moved.
  ///
  /// Names count up: files of one scan are ordered by time, then name, and several may fall into one tick of the file system's clock.
  ///
  /// - Parameter owner: Whom the file is to belong to, which only root can decide.
  func drop(_ text: String, of owner: uid_t? = nil) throws {
    dropped += 1
    let name = String(repeating: "0", count: 6 - String(dropped).count) + "\(dropped).json"
    let temporary = incoming.appending(path: "." + UUID().uuidString + ".tmp")
    try Data(text.utf8).write(to: temporary)
    if let owner { try #require(chown(temporary.path, owner, gid_t.max) == 0) }
    try #require(rename(temporary.path, incoming.appending(path: name).path) == 0)
  }

  func progressctl(_ arguments: String...) async throws -> (status: Int32, words: String) {
    try await RunningProgram.run("progressctl", arguments + ["--config", configurationFile.path])
  }

  /// Files in a part of the spool, without reasons.
  func files(in part: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: "spool/\(part)").path).sorted()
  }
}

func action(_ name: String, day: Int = 3, _ fields: String = "") -> String {
  "{\"action\":\"\(name)\",\"program_id\":\"p1\",\"week_number\":1,\"day_number\":\(day)\(fields.isEmpty ? "" : ",")\(fields)}"
}

func rating(_ rating: String, day: Int = 3) -> String { action("intensity", day: day, "\"intensity_rating\":\"\(rating)\"") }
