import Foundation
import Glibc
import TestSupport
import Testing

@Suite("progress-syncd is a good service")
struct ServiceTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  @Test("that tells systemd how it is doing")
  func notifications() async throws {
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon(environment: ["WATCHDOG_USEC": "400000"])
    try machine.drop(action("complete"))
    try await eventually("it says what it did") {
      machine.notifications.received.contains { $0.hasPrefix("STATUS=0 waiting, 0 retrying, 0 failed; last synced ") }
    }
    let fed = machine.notifications.received.count { $0 == "WATCHDOG=1" }
    try await eventually("it feeds the watchdog with nothing to do") {
      machine.notifications.received.count { $0 == "WATCHDOG=1" } > fed + 3
    }
    try #require(machine.daemon).send(SIGHUP)
    try await eventually("it says that it reloads") {
      let said = machine.notifications.received
      return said.contains("RELOADING=1") && said.contains { $0.hasPrefix("MONOTONIC_USEC=") } && said.count { $0 == "READY=1" } == 2
    }
    try await machine.stopDaemon()
    #expect(machine.notifications.received.contains("STOPPING=1"))
  }

  @Test("that takes over a new configuration as a whole, or keeps the old one and says why")
  func reload() async throws {
    try await machine.startAPI()
    try machine.configure("debounce: {complete: 1h, max_wait: 1h}")
    try await machine.startDaemon()
    let daemon = try #require(machine.daemon)
    try machine.configure("log.level: debug\ndebounce: {complete: soon}")
    daemon.send(SIGHUP)
    try await eventually("it says why not") {
      try machine.daemonLog.contains(/stays in force: .*config\.yaml:6: debounce\.complete: must be a duration/)
    }
    try machine.drop(action("complete", day: 1))
    try await eventually("the old configuration is in force") { try machine.pending() == 1 }
    #expect(try !machine.daemonLog.contains(" debug "))
    try machine.configure("log.level: debug\ndebounce: {complete: 10ms, max_wait: 2s}")
    daemon.send(SIGHUP)
    try await eventually("it has reloaded") { try machine.daemonLog.contains("Reloaded the configuration") }
    try machine.drop("[\(action("complete", day: 2)),\(action("complete", day: 2))]")
    try await eventually("the new one is in force") { try machine.rows() == ["1-2 done"] }
    #expect(try machine.daemonLog.contains("debug Replaced by a newer value"))
  }

  @Test("that is alone with its queue, and says who has it")
  func lock() async throws {
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
    let second = try await RunningProgram.run("progress-syncd", ["--config", machine.configurationFile.path])
    #expect(second.status == 75)
    #expect(second.words.contains("is in use by another progress-syncd, process \(try #require(machine.daemon).identifier)"))
    let state = "state.directory=" + machine.directory.appending(path: "other").path
    let third = try await RunningProgram.run("progress-syncd", ["--config", machine.configurationFile.path, "--set", state])
    #expect(third.status == 75)
    let first = try #require(machine.daemon).identifier
    #expect(third.words.contains("another process (\(first)) answers on \(machine.controlSocket.path)"))
    let socket = "control.socket=" + machine.directory.appending(path: "other.sock").path
    let fourth = try await RunningProgram.run(
      "progress-syncd", ["--config", machine.configurationFile.path, "--set", state, "--set", socket])
    #expect(fourth.status == 74)
    #expect(fourth.words.contains("/spool/claimed is in use by another progress-syncd"))
    #expect(try await machine.progressctl("status").status == 0, "the first is not disturbed")
    try await machine.killDaemon()
    try await machine.startDaemon()
  }

  @Test("that says everything that is wrong with a configuration, at once")
  func configuration() async throws {
    try await machine.startAPI()
    try machine.configure("api.base_ulr: http://x\ndebounce: {complete: fast}")
    for arguments in [["--check"], []] {
      let environment = ["PROGRESS_SYNC_API_TIMESTAMPS": "local"]
      let ended = try await RunningProgram.run(
        "progress-syncd", ["--config", machine.configurationFile.path, "--set", "log.level=loud"] + arguments, environment: environment)
      #expect(ended.status == 78)
      #expect(ended.words.contains(/config\.yaml:5: api\.base_ulr: unknown key; did you mean api\.base_url\?/))
      #expect(ended.words.contains(/config\.yaml:6: debounce\.complete: must be a duration/))
      #expect(ended.words.contains("PROGRESS_SYNC_API_TIMESTAMPS") && ended.words.contains("log.level"))
    }
    try machine.configure()
    let good = try await RunningProgram.run("progress-syncd", ["--config", machine.configurationFile.path, "--check"])
    #expect(good.status == 0 && good.words == "The configuration is valid.\n")
  }

  @Test("that sends its token in clear text over a network only where that is allowed, and warns of it")
  func clearTextToken() async throws {
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    try Data("s3cret\n".utf8).write(to: token)
    // An address that is nobody's (RFC 5737); nothing is sent, because nothing is dropped.
    let away = ["PROGRESS_SYNC_API_BASE_URL": "http://192.0.2.1"]
    try machine.configure("api.token_file: \(token.path)")
    let ended = try await RunningProgram.run("progress-syncd", ["--config", machine.configurationFile.path], environment: away)
    #expect(ended.status == 78)
    #expect(ended.words.contains("use https, or set no token, or set api.allow_cleartext_token"))
    try machine.configure("api.token_file: \(token.path)\napi.allow_cleartext_token: true")
    try await machine.startDaemon(environment: away)
    #expect(try machine.daemonLog.contains("warning Everybody on the way to http://192.0.2.1 can read the token"))
    try await machine.stopDaemon()
    try await machine.startDaemon()
    #expect(try machine.daemonLog.ranges(of: "can read the token").count == 1, "this machine is on nobody's way")
  }

  @Test("that finishes what is under way when it is told to stop")
  func stop() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy(delay: .seconds(1))
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("debounce: {complete: 10ms, max_wait: 2s}")
      try await machine.startDaemon()
      try machine.drop(action("complete"))
      try await eventually("the request is under way") { proxy.requests.count == 1 }
      try await machine.stopDaemon()
      #expect(try machine.pending() == 0)
    }
    #expect(try machine.daemonLog.contains("✅ Synced: complete-p1-1-3"))
  }

  @Test("that does not wait for an answer for ever, and sends the same request again after the start")
  func stopWithoutAnswer() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy(delay: .seconds(3600))
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("api.request_timeout: 10m\ndebounce: {complete: 10ms, max_wait: 2s}")
      try await machine.startDaemon()
      try machine.drop(action("complete"))
      try await eventually("the request is under way") { proxy.requests.count == 1 }
      try await machine.stopDaemon()
      #expect(try machine.pending() == 1)
      try await machine.startDaemon()
      try await eventually("it is under way again") { proxy.requests.count == 2 }
      try await machine.killDaemon()
    }
    #expect(Set(proxy.requests.map(\.idempotencyKey)).count == 1)
  }

  @Test("that says in one line why it cannot start", arguments: ["spool", "state"])
  func unusable(part: String) async throws {
    try await machine.startAPI()
    try machine.configure()
    try Data().write(to: machine.directory.appending(path: part))
    let ended = try await RunningProgram.run("progress-syncd", ["--config", machine.configurationFile.path])
    #expect(ended.status == 74)
    #expect(ended.words.split(separator: "\n").last?.contains(" critical cannot ") == true, "\(ended.words)")
  }

  @Test("that takes nothing in when its queue was removed under it, and loses nothing")
  func removedQueue() async throws {
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
    // Out of the way first: while it is being emptied, the daemon makes and removes files there.
    let former = machine.directory.appending(path: "former")
    try FileManager.default.moveItem(at: machine.directory.appending(path: "state"), to: former)
    try FileManager.default.removeItem(at: former)
    try machine.drop(action("complete"))
    try await eventually("it says so") { try machine.daemonLog.contains("was removed or replaced under progress-syncd") }
    try await machine.killDaemon()
    try await machine.startDaemon()
    try await eventually("the action arrives after a restart") { try machine.rows() == ["1-3 done"] }
  }

  @Test("that stands still for nobody: not for a notification socket that is not read, nor for a pipe in its token's place")
  func standstill() async throws {
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    #expect(mkfifo(token.path, 0o600) == 0)
    try machine.configure("debounce: {complete: 1ms, intensity: 1ms, schedule: 1ms}")
    try await machine.startDaemon(environment: ["WATCHDOG_USEC": "4000"])
    for day in 1...20 { try machine.drop(action("complete", day: day)) }
    try await eventually("it works on though nobody hears it") { try machine.rows().count == 20 }
    try machine.configure("api.token_file: \(token.path)")
    try #require(machine.daemon).send(SIGHUP)
    try await eventually("it says what is wrong") { try machine.daemonLog.contains("token is a named pipe") }
    try await machine.stopDaemon()
  }

  @Test("that keeps working when its spool is replaced")
  func replacedSpool() async throws {
    try await machine.startAPI()
    try machine.configure("spool.rescan_interval: 1s")
    try await machine.startDaemon()
    let spool = machine.directory.appending(path: "spool")
    // Out of the way first: while it is being emptied, the daemon may fill it again.
    let former = machine.directory.appending(path: "former")
    try FileManager.default.moveItem(at: spool, to: former)
    try FileManager.default.removeItem(at: former)
    try await eventually("it is made anew") { FileManager.default.fileExists(atPath: machine.incoming.path) }
    try machine.drop(action("complete"))
    try await eventually("what is dropped there arrives") { try machine.rows() == ["1-3 done"] }
  }
}
