import CrashPoints
import Foundation
import GRDB
import Glibc
import TestSupport
import Testing

@Suite("A damaged queue")
struct DamagedQueueTests {
  private let machine: Workstation
  private let queue: URL

  init() throws {
    machine = try Workstation()
    queue = machine.directory.appending(path: "state/queue.sqlite")
  }

  /// Queues ratings for `days` sessions while the API is away, and stops the daemon.
  private func queueRatings(days: Int) async throws {
    try await machine.startAPI()
    try await machine.stopAPI()
    try machine.configure("debounce: {complete: 10ms, intensity: 10ms, max_wait: 2s}")
    try await machine.startDaemon()
    for day in 1...days { try machine.drop(rating("hard", day: day)) }
    try await eventually("everything is queued") { try machine.pending() == days && machine.files(in: "claimed").isEmpty }
    try await machine.stopDaemon()
  }

  private func overwrite(page: Int, with byte: UInt8) throws {
    let file = try FileHandle(forUpdating: queue)
    try file.seek(toOffset: UInt64(page - 1) * 4096)
    try file.write(contentsOf: Data(repeating: byte, count: 4096))
    try file.close()
  }

  private func root(of name: String) throws -> Int {
    try DatabaseQueue(path: queue.path).read {
      try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [name]) ?? 0
    }
  }

  private func setAside() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: queue.deletingLastPathComponent().path).filter {
      $0.contains(/\.corrupt-[0-9]{8}T[0-9]{6}Z$/)
    }
  }

  @Test("that is garbage keeps nobody from starting: it is set aside, and work goes on")
  func garbage() async throws {
    try await queueRatings(days: 3)
    let garbage = Data(repeating: 0x61, count: 50_000)
    try garbage.write(to: queue)
    try await machine.startAPI()
    try await machine.startDaemon()
    #expect(try machine.daemonLog.contains(/error the queue is damaged: .*Saved 0 writes into a fresh queue.*kept as .*corrupt-/))
    let kept = try setAside()
    #expect(kept.count == 1)
    #expect(try Data(contentsOf: queue.deletingLastPathComponent().appending(path: kept.first ?? "")) == garbage)
    try machine.drop(action("complete", day: 9))
    try await eventually("what comes in now arrives") { try machine.rows() == ["1-9 done"] }
    try await machine.stopDaemon()
  }

  @Test("that has a damaged page gives up what stands on other pages, and that is delivered")
  func page() async throws {
    try await queueRatings(days: 40)
    try overwrite(page: 1, with: 0)
    try await machine.startAPI()
    try await machine.startDaemon()
    #expect(try machine.daemonLog.contains("Saved 40 of at most 40 writes"))
    try await eventually("everything arrives") { try machine.rows().count == 40 && machine.isDone() }
    try await machine.stopDaemon()
    try await machine.startDaemon()
    #expect(try setAside().count == 1)
  }

  @Test("is rescued in one piece by the next start, wherever the daemon is killed while it sets it aside", arguments: CrashPoint.ofRescue)
  func interrupted(point: CrashPoint) async throws {
    try await queueRatings(days: 10)
    try overwrite(page: 1, with: 0)
    try await machine.expectDeath(at: point.rawValue)
    try await machine.startAPI()
    try await machine.startDaemon()
    try await eventually("everything arrives") { try machine.rows().count == 10 && machine.isDone() }
    #expect(try setAside().count == 1)
  }

  @Test("that shows only while it works is repaired by the running daemon")
  func running() async throws {
    try await queueRatings(days: 20)
    // Nothing reads it before an action comes that has an id.
    let page = try root(of: "client_actions")
    try await machine.startDaemon()
    let daemon = try #require(machine.daemon)
    try overwrite(page: page, with: 0x55)
    try machine.drop(action("complete", day: 30, "\"id\":\"first\""))
    try await eventually("it says what it saved") { try machine.daemonLog.contains("Saved 20 of at most 20 writes") }
    try await machine.startAPI()
    daemon.send(SIGHUP)
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    #expect(daemon.isRunning)
    #expect(try setAside().count == 1)
    try await machine.stopDaemon()
  }

  /// Damages what a daemon that runs reads next, and has it read that.
  private func damageRunning() throws {
    try overwrite(page: root(of: "client_actions"), with: 0x55)
    try machine.drop(action("complete", day: 30, "\"id\":\"first\""))
  }

  @Test("is repaired by a daemon that goes by what it was told since its start")
  func reloaded() async throws {
    try await queueRatings(days: 20)
    machine.proxyPort = 1
    try machine.configure()
    try await machine.startDaemon()
    machine.proxyPort = nil
    try machine.configure()
    try #require(machine.daemon).send(SIGHUP)
    try await eventually("it has reloaded") { try machine.daemonLog.contains("Reloaded the configuration") }
    try damageRunning()
    try await eventually("it says what it saved") { try machine.daemonLog.contains("Saved 20 of at most 20 writes") }
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGUSR1)
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    try await machine.stopDaemon()
  }

  @Test("is repaired by a daemon whose tokens and authorities cannot be read meanwhile: those in force stay so")
  func unreadableToken() async throws {
    try await queueRatings(days: 20)
    let token = machine.directory.appending(path: "token")
    let users = machine.directory.appending(path: "tokens")
    let authorities = URL(filePath: try CertificateAuthority().file)
    try Data("s3cret\n".utf8).write(to: token)
    try FileManager.default.createDirectory(at: users, withIntermediateDirectories: false)
    try machine.configure("api.token_file: \(token.path)\napi.user_tokens: \(users.path)\napi.ca_file: \(authorities.path)")
    try await machine.startDaemon()
    for file in [token, users, authorities] { try FileManager.default.removeItem(at: file) }
    try await eventually("it has noticed") { try machine.daemonLog.contains("The old token stays in force: ") }
    try damageRunning()
    try await eventually("it says what it saved") { try machine.daemonLog.contains("Saved 20 of at most 20 writes") }
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGUSR1)
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    #expect(try machine.daemonLog.ranges(of: "The old token stays in force: ").count == 2)
    try await machine.stopDaemon()
  }

  /// Becomes a program that systemd passes a socket of network notices to.
  private static let passingNotices = """
    import os, socket, sys
    notices = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    notices.bind((0, 1361))
    if notices.fileno() != 3: os.dup2(notices.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="network", LISTEN_PID=str(os.getpid()))
    os.execv(sys.argv[1], sys.argv[1:])
    """

  @Test("is repaired by a daemon that keeps the socket of network notices that it was passed")
  func passedSocket() async throws {
    try await queueRatings(days: 20)
    try await machine.startDaemon(through: ["/usr/bin/python3", "-c", Self.passingNotices])
    let passed = "/proc/\(try #require(machine.daemon).identifier)/fd/3"
    let socket = try FileManager.default.destinationOfSymbolicLink(atPath: passed)
    try damageRunning()
    try await eventually("it says what it saved") { try machine.daemonLog.contains("Saved 20 of at most 20 writes") }
    try await machine.startAPI()
    try #require(machine.daemon).send(SIGUSR1)
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: passed) == socket)
    #expect(try !machine.daemonLog.contains("cannot watch the network"))
    try await machine.stopDaemon()
  }

  /// A connection to the control socket, on which `request` was sent.
  private func connect(sending request: String) throws -> FileHandle {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: machine.controlSocket.path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
    }
    try #require(status == 0)
    try handle.write(contentsOf: Data(request.utf8))
    return handle
  }

  @Test("that shows while the daemon works keeps it from ending at no moment: the next start repairs it")
  func stopped() async throws {
    try await queueRatings(days: 20)
    try await machine.startDaemon()
    let daemon = try #require(machine.daemon)
    // Whoever is inside and silent keeps the door open for a second after the work loop has ended, which a watcher is told of at once.
    let watcher = try connect(sending: "GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
    let silent = try connect(sending: "GET")
    try await eventually("the watcher is inside") { try !(watcher.read(upToCount: 1) ?? Data()).isEmpty }
    try damageRunning()
    _ = try watcher.readToEnd()
    daemon.send(SIGTERM)
    // On a slow machine it comes after that second, amid the repair: that ends, too.
    try await eventually("it has ended") { !daemon.isRunning }
    try silent.close()
    try await machine.startAPI()
    try await machine.startDaemon()
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    try await machine.stopDaemon()
  }

  @Test("that cannot be repaired for want of space keeps no daemon from ending", .enabled(if: FailingDisk.isPossible, "needs a C compiler"))
  func ending() async throws {
    let disk = try FailingDisk(in: machine.directory)
    try await queueRatings(days: 20)
    try await machine.startDaemon(environment: disk.environment)
    let daemon = try #require(machine.daemon)
    try disk.fail(.space)
    try damageRunning()
    try await eventually("it waits for space") { try machine.daemonLog.contains("The queue cannot be opened, nothing is lost") }
    daemon.send(SIGTERM)
    try await eventually("it has ended") { !daemon.isRunning }
    try disk.mend()
    try await machine.startAPI()
    try await machine.startDaemon()
    try await eventually("everything arrives") { try machine.rows().count == 21 && machine.isDone() }
    try await machine.stopDaemon()
  }
}
