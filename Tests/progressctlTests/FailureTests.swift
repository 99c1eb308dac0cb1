import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import ProgressModel
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

@Suite("What cannot be answered")
struct FailureTests {
  private let service = Service(kind: .user, configuration: .init(), file: nil, isNamed: false)

  @Test(
    "it is told in one line with which service was looked at, and what to do",
    arguments: [
      (
        ControlError.noQueue(path: "/q"), CInt(66),
        "there is no queue yet: /q does not exist, as progress-syncd has not run; start it: systemctl --user start progress-syncd"
      ),
      (.notPermitted(path: "/q"), 77, "/q may be read by the service's own user and root only; try again with sudo"),
      (.unreadable("the queue is damaged: /q"), 74, "the queue is damaged: /q"),
      (.noDaemon(socket: "/s"), 69, "no daemon listens on /s; start it: systemctl --user start progress-syncd"),
      (
        .mayNotConnect(socket: "/s", group: "g"), 77,
        "you may not connect to /s: be a member of group g; sudo usermod -aG g $USER and a new login, or try again with sudo"
      ),
      (
        .noAnswer(within: .seconds(10)), 75,
        "the daemon has not answered within 10s; progress-syncd does not start, or has just ended: "
          + "see systemctl --user status progress-syncd and journalctl --user -u progress-syncd -e"
      ),
      (
        .lost("Connection reset by peer"), 75,
        "the connection to the daemon broke off: Connection reset by peer; progress-syncd does not start, or has just ended: "
          + "see systemctl --user status progress-syncd and journalctl --user -u progress-syncd -e"
      ),
      (.refused(ControlRefusal(.notPermitted, "only root may pause")), 77, "only root may pause"),
      (.refused(ControlRefusal(.notFound, "no such file")), 66, "no such file"),
      (.refused(ControlRefusal(.badRequest, "no such level")), 65, "no such level"),
    ])
  func failures(error: ControlError, code: CInt, text: String) {
    #expect(Failure(error, of: service) == Failure("\(text) (the user's service)", code: code))
  }

  @Test(
    "who cannot see whether a daemon runs that does not answer is sent to its journal, and only who wanted something done is told that it may be",
    arguments: [(false, ""), (true, "what became of it is not known; ")])
  func silence(askedToAct: Bool, remark: String) throws {
    // Where the state directory should be there is a loop of links, which nobody can look through.
    let directory = FileManager.default.temporaryDirectory.appending(path: "FailureTests-\(UUID().uuidString)")
    try FileManager.default.createSymbolicLink(atPath: directory.path, withDestinationPath: directory.path)
    defer { try? FileManager.default.removeItem(at: directory) }
    var configuration = Configuration()
    configuration.state.directory = FilePath(directory.path)
    let service = Service(kind: .system, configuration: configuration, file: nil, isNamed: false)
    let text = "the daemon has not answered within 10s; \(remark)if that goes on, progress-syncd does not start: see \(service.whereToLook)"
    #expect(Failure.words(for: .noAnswer(within: .seconds(10)), of: service, askedToAct: askedToAct) == text)
  }

  @Test("a daemon that has not answered is asked nothing more, as when its socket is systemd's and it does not start")
  func noSecondQuestion() async throws {
    let machine = try Workstation()
    let listener = try machine.listenInSilence()
    defer { close(listener) }
    var timeouts = SocketClient.Timeouts()
    timeouts.answer = .milliseconds(50)
    try await SocketClient.with(path: machine.socketPath, timeouts: timeouts) { socket in
      let client = ControlClient(socket: socket, files: machine.files)
      await #expect(throws: ControlError.noAnswer(within: .milliseconds(50))) { try await client.holds(now: .now) }
    }
  }

  @Test("the journal of the system's service takes root")
  func whereToLook() {
    let system = Service(kind: .system, configuration: .init(), file: nil, isNamed: false)
    #expect(system.whereToLook(asRoot: false) == "systemctl status progress-syncd and sudo journalctl -u progress-syncd -e")
    #expect(system.whereToLook(asRoot: true) == "systemctl status progress-syncd and journalctl -u progress-syncd -e")
  }

  @Test("who reaches nobody, though a daemon holds its lock, is sent to the doctor")
  func unreachable() throws {
    let lock = FileManager.default.temporaryDirectory.appending(path: "FailureTests-\(UUID().uuidString)/lock")
    try FileManager.default.createDirectory(at: lock.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: lock.deletingLastPathComponent()) }
    let descriptor = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    var configuration = Configuration()
    configuration.state.directory = FilePath(lock.deletingLastPathComponent().path)
    let service = Service(kind: .system, configuration: configuration, file: nil, isNamed: false)
    let text = "no daemon listens on /s; progress-syncd runs; see progressctl doctor (the system's service)"
    #expect(Failure(.noDaemon(socket: "/s"), of: service) == Failure(text, code: 69))
  }
}

extension Workstation {
  /// Takes connections to the control socket as the kernel does for a daemon that is still to be started, until the descriptor is closed.
  fileprivate func listenInSilence() throws -> CInt {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(socketPath.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) } == 0
    }
    try #require(isBound && listen(descriptor, 8) == 0)
    return descriptor
  }
}
