import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The control socket of a running daemon")
struct ControlSocketTests {
  private let machine: Workstation

  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
  }

  private static let activator = "/usr/bin/systemd-socket-activate"

  @Test(
    "is the one that systemd passes, and stays where it is when the daemon ends",
    .enabled(if: access(Self.activator, X_OK) == 0, "there is no systemd-socket-activate"))
  func passed() async throws {
    try machine.configure()
    // It starts the daemon, by becoming it, when somebody connects. It closes all descriptors before, by which Foundation would take it for
    // ended, and wait for it with everything else: hence the shell between.
    let launcher = ["/bin/sh", "-c", "\"$@\"; exit $?", "sh", Self.activator, "--fdname=control", "--listen=" + machine.controlSocket.path]
    let shell = try RunningProgram(
      "progress-syncd", ["--config", machine.configurationFile.path], output: machine.directory.appending(path: "daemon.log"),
      through: launcher)
    try await eventually("it listens") { FileManager.default.fileExists(atPath: machine.controlSocket.path) }
    let inode = try number(of: machine.controlSocket)
    let status = try await machine.progressctl("status", "--json")
    let daemon = try #require(status.words.firstMatch(of: /"pid":([0-9]+)/).flatMap { Int32($0.1) }, "\(status.words)")
    let delivered = try await machine.progressctl("complete", "p1", "1", "3", "--wait=synced")
    #expect(delivered.status == 0, "\(delivered.words)")
    try #require(kill(daemon, SIGTERM) == 0)
    #expect(await shell.end() == 0)
    #expect(try number(of: machine.controlSocket) == inode)
    #expect(try !machine.daemonLog.contains("answers on"))
  }

  /// Becomes a program that systemd passes two sockets of each kind to, and one that is of no use.
  private static let passingSockets = """
    import os, socket, sys
    places = [("control", "control.sock", socket.SOCK_STREAM), ("control", "further.sock", socket.SOCK_STREAM),
              ("submit", "submit.sock", socket.SOCK_SEQPACKET), ("submit", "submit-further.sock", socket.SOCK_SEQPACKET)]
    sockets = [socket.create_server(("127.0.0.1", 0))]
    for name, file, kind in places:
        sockets.append(socket.socket(socket.AF_UNIX, kind))
        sockets[-1].bind(sys.argv[1] + "/" + file)
        sockets[-1].listen()
    # Out of the way first, as they may stand where others have to go.
    for index, one in enumerate(sockets): os.dup2(one.fileno(), 100 + index)
    for index in range(len(sockets)): os.dup2(100 + index, 3 + index)
    os.closerange(3 + len(sockets), 200)
    names = ":".join(["control"] + [name for name, _, _ in places])
    os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
    os.execv(sys.argv[2], sys.argv[2:])
    """

  /// Between is a shell, as whoever starts programs here would take one that closes all descriptors for ended.
  private func startWithSockets() throws -> RunningProgram {
    let launcher = ["/bin/sh", "-c", "\"$@\"; exit $?", "sh", "/usr/bin/python3", "-c", Self.passingSockets, machine.directory.path]
    return try RunningProgram(
      "progress-syncd", ["--config", machine.configurationFile.path], output: machine.directory.appending(path: "daemon.log"),
      through: launcher)
  }

  @Test("is each of those that systemd passes, as an administrator may add some, and one that cannot be served is warned of")
  func several() async throws {
    try machine.configure()
    let shell = try startWithSockets()
    try await eventually("they are there") {
      FileManager.default.fileExists(atPath: machine.directory.appending(path: "submit-further.sock").path)
    }
    let configuration = try String(contentsOf: machine.configurationFile, encoding: .utf8)
    var daemon: Int32?
    for (day, (control, submit)) in zip(1..., [("control", "submit"), ("further", "submit-further")]) {
      let text = configuration.replacing("/control.sock", with: "/\(control).sock")
      try (text + "spool.socket: \(machine.directory.path)/\(submit).sock\n")
        .write(to: machine.configurationFile, atomically: true, encoding: .utf8)
      let status = try await machine.progressctl("status", "--json")
      daemon = status.words.firstMatch(of: /"pid":([0-9]+)/).flatMap { Int32($0.1) }
      #expect(status.status == 0 && daemon != nil, "\(status.words)")
      let delivered = try await machine.progressctl("complete", "p1", "1", "\(day)", "--wait=synced")
      #expect(delivered.status == 0, "\(delivered.words)")
    }
    #expect(try machine.rows() == ["1-1 done", "1-2 done"])
    #expect(try machine.daemonLog.contains("warning nobody answers on 1 of the sockets that systemd has passed as control: "))
    try #require(kill(try #require(daemon), SIGTERM) == 0)
    #expect(await shell.end() == 0)
    #expect(FileManager.default.fileExists(atPath: machine.controlSocket.path))
  }

  @Test("is as its unit has it where systemd makes it, and a configuration that says otherwise is warned of")
  func contradicted() async throws {
    try machine.configure("spool.socket: \(machine.directory.path)/elsewhere.sock\ncontrol.group: daemon")
    let shell = try startWithSockets()
    let place = machine.directory.path
    for words in [
      "warning spool.socket is \(place)/elsewhere.sock, but systemd makes the submission socket at \(place)/submit.sock, ",
      "warning control.group is daemon, but systemd makes \(place)/control.sock for another group: SocketGroup= of its unit decides",
    ] {
      try await eventually("it says so") { try machine.daemonLog.contains(words) }
    }
    #expect(try !machine.daemonLog.contains("control.socket is "))
    let status = try await machine.progressctl("status", "--json")
    let daemon = try #require(status.words.firstMatch(of: /"pid":([0-9]+)/).flatMap { Int32($0.1) }, "\(status.words)")
    try #require(kill(daemon, SIGTERM) == 0)
    #expect(await shell.end() == 0)
  }

  @Test("is taken over from a daemon that was killed, and goes with one that ends")
  func stale() async throws {
    try machine.configure()
    try await machine.startDaemon()
    let former = try number(of: machine.controlSocket)
    try await machine.killDaemon()
    #expect(try number(of: machine.controlSocket) == former, "it is left behind")
    try await machine.startDaemon()
    #expect(try number(of: machine.controlSocket) != former)
    let status = try await machine.progressctl("status", "--json")
    let process = try #require(machine.daemon).identifier
    #expect(status.status == 0 && status.words.contains("\"pid\":\(process)"), "\(status.words)")
    #expect(status.words.contains("\"watched\":true"), "\(status.words)")
    try await machine.stopDaemon()
    #expect(!FileManager.default.fileExists(atPath: machine.controlSocket.path))
  }

  @Test("is made where its directory is missing, as in a session that systemd did not prepare")
  func missingDirectory() async throws {
    let socket = machine.directory.appending(path: "run/control.sock")
    try machine.configure()
    let configuration = try String(contentsOf: machine.configurationFile, encoding: .utf8)
    try configuration.replacing("/control.sock", with: "/run/control.sock")
      .write(to: machine.configurationFile, atomically: true, encoding: .utf8)
    try await machine.startDaemon()
    #expect(try await machine.progressctl("status").status == 0)
    try await machine.stopDaemon()
    // Where it cannot be made, that is said, and syncing goes on.
    try FileManager.default.removeItem(at: socket.deletingLastPathComponent())
    try Data().write(to: socket.deletingLastPathComponent())
    try await machine.startDaemon()
    #expect(try machine.daemonLog.contains("run/control.sock: Not a directory; syncing goes on, but progressctl cannot reach the daemon"))
    try machine.drop(action("complete"))
    try await eventually("it syncs") { try machine.rows() == ["1-3 done"] }
  }

  @Test("reloads as SIGHUP does: told to systemd, as a whole or not at all, and whoever asks hears which")
  func reload() async throws {
    try machine.configure()
    try await machine.startDaemon()
    let good = try await machine.progressctl("reload")
    #expect(good.status == 0 && good.words.contains("the configuration is reloaded"), "\(good.words)")
    let said = machine.notifications.received
    #expect(said.contains("RELOADING=1") && said.count { $0 == "READY=1" } == 2)

    let valid = try Data(contentsOf: machine.configurationFile)
    // The client, which reads the file too, must find the socket in it.
    let invalid = machine.directory.appending(path: "ca.pem")
    try Data("no certificate".utf8).write(to: invalid)
    try machine.configure("log.level: debug\napi.ca_file: \(invalid.path)")
    let bad = try await machine.progressctl("reload")
    #expect(bad.status != 0 && bad.words.contains("the old one stays in force: "), "\(bad.words)")
    #expect(machine.notifications.received.count { $0 == "READY=1" } == 3)
    let level = try await machine.progressctl("status", "--json")
    #expect(level.words.contains("\"log_level\":\"info\""), "\(level.words)")

    try valid.write(to: machine.configurationFile)
    #expect(try await machine.progressctl("reload").status == 0)
  }

  @Test("reloads once a second however many signals come, and whoever asks meanwhile hears of a reload that was begun after")
  func loop() async throws {
    try machine.configure()
    try await machine.startDaemon()
    let daemon = try #require(machine.daemon)
    let start = ContinuousClock.now
    for _ in 1...200 {
      daemon.send(SIGHUP)
      try await Task.sleep(for: .milliseconds(10))
    }
    try machine.configure("log.level: debug")
    let asked = try await machine.progressctl("reload")
    #expect(asked.status == 0 && asked.words.contains("the configuration is reloaded"), "\(asked.words)")
    #expect(try await machine.progressctl("status", "--json").words.contains("\"log_level\":\"debug\""))
    let seconds = Int((ContinuousClock.now - start) / .seconds(1))
    let reloads = try machine.daemonLog.ranges(of: "Reloaded the configuration").count
    #expect((2...seconds + 2).contains(reloads))
  }

  private func number(of file: URL) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int)
  }
}
