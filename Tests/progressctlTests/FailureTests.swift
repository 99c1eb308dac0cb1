import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
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
