import CrashPoints
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Actions that are handed over by socket", .timeLimit(.minutes(5)))
struct SubmissionTests {
  private let machine: Workstation

  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
  }

  private var socket: URL { machine.directory.appending(path: "submit.sock") }

  @Test(
    "go the way of all others: accepted, delivered, and nobody has to be able to write anywhere",
    .enabled(if: Person.arePossible, "needs root"))
  func people() async throws {
    try await machine.startSharedDaemon()
    try #require(chmod(machine.incoming.path, 0o700) == 0)
    for (person, day) in zip([Person.owner, .member], 1...) {
      let delivered = try await machine.progressctl(as: person, "complete", "p1", "1", "\(day)", "--wait=synced")
      #expect(delivered.status == 0, "\(delivered.words)")
    }
    #expect(try machine.rows() == ["1-1 done", "1-2 done"])
    let stranger = try await machine.progressctl(as: .stranger, "complete", "p1", "1", "3")
    #expect(stranger.status == 77 && stranger.words.contains("sudo usermod -aG users $USER"), "\(stranger.words)")
    #expect(try await machine.progressctl("pause").status == 0)
    let waiting = try await machine.progressctl(as: .owner, "complete", "p1", "1", "4", "--wait", "--json")
    #expect(waiting.status == 0 && waiting.words.contains("\"key\":\"complete-p1-1-4\""), "\(waiting.words)")
    let queue = try await machine.progressctl("queue", "--json")
    #expect(queue.words.contains("\"sender_uid\":\(Person.owner.user)"), "\(queue.words)")
  }

  @Test("are their senders' when two give them one name, and when they are refused", .enabled(if: Person.arePossible, "needs root"))
  func sameName() async throws {
    try await machine.startSharedDaemon()
    try #require(chmod(machine.incoming.path, 0o700) == 0)
    for person in [Person.owner, .member] { try await handOver("no JSON of \(person)", named: "a.json", as: person) }
    try await eventually("both are rejected") { try machine.files(in: "rejected").count { !$0.hasSuffix(".reason") } == 2 }
    for person in [Person.owner, .member] {
      let list = try await machine.progressctl(as: person, "rejected", "--json")
      let lines = list.words.split(separator: "\n")
      #expect(lines.count == 1 && list.words.contains("\"sender_uid\":\(person.user)"), "\(list.words)")
      let name = try #require(lines.first?.firstMatch(of: /"name":"([^"]+)"/)).1
      let shown = try await machine.progressctl(as: person, "rejected", "show", String(name))
      #expect(shown.status == 0 && shown.words.contains("no JSON of \(person)"), "\(shown.words)")
      let stranger: Person = person == .owner ? .member : .owner
      #expect(try await machine.progressctl(as: stranger, "rejected", "discard", String(name)).status == 66)
      // Given back, it is still theirs.
      #expect(try await machine.progressctl(as: person, "rejected", "requeue", String(name)).status == 0)
      try await eventually("it is rejected again") {
        let again = try await machine.progressctl(as: person, "rejected", "--json")
        return again.words.contains("\"sender_uid\":\(person.user)")
      }
    }
  }

  @Test("are durable when they are answered: a daemon that is killed at once has lost none")
  func killedAfterwards() async throws {
    try machine.configure("debounce: {complete: 10ms}")
    for day in 1...5 {
      try await machine.startDaemon()
      let dropped = try await machine.progressctl("complete", "p1", "1", "\(day)")
      #expect(dropped.status == 0, "\(dropped.words)")
      try await machine.killDaemon()
    }
    try await machine.startDaemon()
    try await eventually("everything is delivered") { try machine.isDone() }
    #expect(try machine.rows() == (1...5).map { "1-\($0) done" })
    #expect(try machine.acceptedWrites() == 5)
  }

  @Test("are accepted once, though their daemon dies with them in its hands and they go the other way, too")
  func killedBefore() async throws {
    try machine.configure("debounce: {complete: 10ms}")
    try await machine.startDaemon(environment: ["PROGRESS_CRASH_POINT": CrashPoint.entrusted.rawValue])
    let dropped = try await machine.progressctl("complete", "p1", "1", "3", "--id", "once")
    #expect(dropped.status == 0, "\(dropped.words)")
    #expect(await machine.daemon?.end() == -SIGKILL)
    // The first may have been claimed already, or accepted.
    #expect(try machine.files(in: "incoming").contains { !$0.hasPrefix("~") && $0.hasSuffix(".json") }, "it went the other way, too")
    try await machine.startDaemon()
    try await eventually("it is delivered") { try machine.isDone() }
    #expect(try machine.rows() == ["1-3 done"])
    #expect(try machine.acceptedWrites() == 1)
  }

  @Test("go into the directory while no daemon runs, and when its socket is taken away")
  func directory() async throws {
    try machine.configure("debounce: {complete: 10ms}")
    try await machine.startDaemon()
    #expect(FileManager.default.fileExists(atPath: socket.path))
    try FileManager.default.removeItem(at: socket)
    #expect(try await machine.progressctl("complete", "p1", "1", "1", "--wait=synced").status == 0)
    try await machine.stopDaemon()
    #expect(try await machine.progressctl("complete", "p1", "1", "2").status == 0)
    #expect(try machine.files(in: "incoming").count == 1)
    try await machine.startDaemon()
    try await eventually("it is delivered") { try machine.rows() == ["1-1 done", "1-2 done"] }
  }

  @Test("wait at a socket that systemd has passed for the daemon that it starts", .enabled(if: access(Self.activator, X_OK) == 0))
  func passed() async throws {
    try machine.configure("debounce: {complete: 10ms}")
    let launcher = [
      "/bin/sh", "-c", "\"$@\"; exit $?", "sh", Self.activator, "--seqpacket", "--fdname=submit", "--listen=" + socket.path,
    ]
    let shell = try RunningProgram(
      "progress-syncd", ["--config", machine.configurationFile.path], output: machine.directory.appending(path: "daemon.log"),
      through: launcher)
    try await eventually("it listens") { FileManager.default.fileExists(atPath: socket.path) }
    let dropped = try await machine.progressctl("complete", "p1", "1", "3", "--json")
    #expect(dropped.status == 0, "\(dropped.words)")
    try await eventually("it is delivered") { try machine.rows() == ["1-3 done"] }
    #expect(try await machine.progressctl("doctor").words.contains("you can hand actions over by"))
    let status = try await machine.progressctl("status", "--json")
    let daemon = try #require(status.words.firstMatch(of: /"pid":([0-9]+)/).flatMap { Int32($0.1) }, "\(status.words)")
    try #require(kill(daemon, SIGTERM) == 0)
    #expect(await shell.end() == 0)
    #expect(FileManager.default.fileExists(atPath: socket.path), "it is systemd's")
  }

  private static let activator = "/usr/bin/systemd-socket-activate"
  private static let prlimit = "/usr/bin/prlimit"

  @Test("are taken again when the daemon has descriptors again", .enabled(if: access(Self.prlimit, X_OK) == 0))
  func withoutDescriptors() async throws {
    try machine.configure("debounce: {complete: 10ms}")
    try await machine.startDaemon()
    #expect(try await machine.progressctl("complete", "p1", "1", "1", "--wait=synced").status == 0)
    let daemon = try #require(machine.daemon)
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.identifier)/fd").compactMap { Int($0) }
    // Those that are open stay open, and there is no number for another.
    let limit = (0...).first { !open.contains($0) } ?? 0
    try #require(try await RunningProgram.run(Self.prlimit, ["--pid", "\(daemon.identifier)", "--nofile=\(limit):1024"]).status == 0)
    #expect(try await machine.progressctl("complete", "p1", "1", "2").status == 0, "the directory is open")
    try await eventually("it says so") { try machine.daemonLog.contains("nobody can be let in at present: Too many open files") }
    try #require(try await RunningProgram.run(Self.prlimit, ["--pid", "\(daemon.identifier)", "--nofile=1024:1024"]).status == 0)
    try await eventually("it takes them again") {
      try await machine.progressctl("doctor").words.contains("you can hand actions over by")
    }
    #expect(try await machine.progressctl("complete", "p1", "1", "3", "--wait=synced").status == 0)
    try await eventually("the other one is delivered, too") { try machine.rows().count == 3 }
  }

  private func handOver(_ text: String, named name: String, as person: Person) async throws {
    let script = """
      import fcntl, json, os, socket, sys
      memory = os.memfd_create("action", os.MFD_ALLOW_SEALING)
      os.write(memory, sys.argv[3].encode())
      fcntl.fcntl(memory, 1033, 0xe)
      client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
      client.connect(sys.argv[1])
      client.recv(4096)
      socket.send_fds(client, [json.dumps({"version": 1, "name": sys.argv[2]}).encode()], [memory])
      assert json.loads(client.recv(4096)) == {"accepted": sys.argv[2]}
      """
    let done = try await RunningProgram.run("/usr/bin/python3", ["-c", script, socket.path, name, text], through: person.entrance)
    try #require(done.status == 0, "\(done.words)")
  }
}
