import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import Testing

@Suite("Whether a daemon runs")
struct DaemonPresenceTests {
  private let state: TemporaryState

  init() throws {
    state = try TemporaryState()
  }

  @Test("no lock file means no daemon, and looking makes none")
  func noFile() {
    #expect(state.files.presence == .stopped)
    #expect(access(state.lockPath, F_OK) != 0)
  }

  @Test(
    "who holds the lock is named by what it wrote there",
    arguments: [("4711\n", 4711), ("4711", 4711), ("", nil), ("not a number\n", nil), ("99999999999999999999", nil)] as [(String, Int32?)])
  func held(text: String, process: Int32?) throws {
    let lock = try HeldLock(at: state.lockPath, writing: text)
    #expect(state.files.presence == .running(process: process))
    withExtendedLifetime(lock) {}
  }

  @Test("a number that a dead daemon left behind misleads nobody")
  func released() throws {
    _ = try HeldLock(at: state.lockPath, writing: "4711\n")
    #expect(state.files.presence == .stopped)
  }

  @Test("looking does not keep a daemon from taking the lock")
  func doesNotHold() throws {
    _ = try HeldLock(at: state.lockPath, writing: "")
    #expect(state.files.presence == .stopped)
    _ = try HeldLock(at: state.lockPath, writing: "1\n")
  }

  @Test("a link or a pipe in the lock's place is not followed and does not hang")
  func odd() throws {
    #expect(mkfifo(state.lockPath, 0o600) == 0)
    #expect(state.files.presence == .stopped)
    #expect(unlink(state.lockPath) == 0)
    #expect(symlink("/etc/passwd", state.lockPath) == 0)
    #expect(state.files.presence == .unknown)
  }
}
