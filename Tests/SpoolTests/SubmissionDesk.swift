import CSpool
import CTestSupport
// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc
import ProgressModel
import SystemPackage
import Testing

@testable import Spool

/// A submission socket with a server behind it, on a thread of its own, as the daemon has it.
///
/// Not a task: the tests' own waiting for it takes the few threads that tasks have.
enum SubmissionDesk {
  /// Serves while `body` runs, and gives it the socket's path.
  @discardableResult
  static func open<Result>(
    _ root: FilePath, _ limits: SubmissionLimits = SubmissionLimits(), _ body: (FilePath) async throws -> Result
  ) async throws -> Result {
    let path = root.appending("submit.sock")
    let listener = path.withPlatformString { ctestsupport_listen($0, 64) }
    try #require(listener >= 0)
    let bell = try StopBell()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    DispatchQueue(label: "submissions").async {
      SubmissionServer(listener: listener, root: root, limits: { limits }).serve(until: bell)
      close(listener)
      end.finish()
    }
    defer { bell.ring() }
    let result = try await body(path)
    bell.ring()
    for await _ in ended {}
    _ = path.withPlatformString { unlink($0) }
    return result
  }
}

/// A client that knows the protocol and does not keep to it.
struct RawSubmitter: ~Copyable {
  let socket: CInt

  init(_ path: FilePath) throws {
    socket = path.withPlatformString { cspool_connect($0) }
    try #require(socket >= 0)
  }

  deinit { close(socket) }

  func send(_ header: String, _ descriptors: [CInt]) throws {
    let bytes = Array(header.utf8)
    try #require(ctestsupport_send(socket, bytes, UInt(bytes.count), descriptors, UInt32(descriptors.count)) == 0)
  }

  /// The next answer; nil when the daemon has hung up, or says what nobody understands.
  func answer() -> SubmissionAnswer? {
    var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, 30_000) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 8_192)
    let length = recv(socket, &bytes, bytes.count, 0)
    return length > 0 ? SubmissionAnswer(bytes: Array(bytes.prefix(length))) : nil
  }

  /// Takes the greeting, sends, and takes the answer.
  func submit(_ text: String, as name: String) throws -> SubmissionAnswer? {
    let memory = sealed(text)
    defer { close(memory) }
    try send(header(name), [memory])
    return answer()
  }
}

/// A memfd with these seals: by default those that are asked for.
func sealed(_ text: String, seals: CInt = 0xe) -> CInt {
  let bytes = Array(text.utf8)
  return ctestsupport_memfd(bytes, UInt(bytes.count), seals)
}

func header(_ name: String) -> String { #"{"version":1,"name":"\#(name)"}"# }

/// How many descriptors of this process lead to the same file as `descriptor`.
func openDescriptors(like descriptor: CInt) -> Int {
  var (wanted, found) = (stat(), stat())
  guard fstat(descriptor, &wanted) == 0 else { return 0 }
  return (0..<CInt(4_096)).count { fstat($0, &found) == 0 && (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino) }
}
