import Foundation
import Glibc
import TestSupport
import Testing

/// `progressctl` as a person at a terminal has it.
@Suite("A person at a terminal")
struct TerminalTests {
  private let machine: Workstation

  init() async throws {
    machine = try Workstation()
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
  }

  @Test(
    "watches the status on a screen of its own, with colours, which is gone at Ctrl-Z and at the end",
    arguments: [SIGINT, SIGQUIT, SIGTERM])
  func watch(farewell: Int32) async throws {
    let terminal = try PseudoTerminal("status", "--watch", "--config", machine.configurationFile.path)
    try await eventually("the screen is taken over and drawn") { terminal.words.contains("\u{1b}[32mrunning") }
    #expect(terminal.words.hasPrefix(Self.begin))
    #expect(!terminal.words.contains(Self.end))
    terminal.send(SIGTSTP)
    try await eventually("it is stopped") { terminal.state == "T" }
    #expect(terminal.words.hasSuffix(Self.end))
    let before = terminal.words
    terminal.send(SIGCONT)
    try await eventually("it is drawn anew") { terminal.words.dropFirst(before.count).contains("running") }
    #expect(terminal.words.dropFirst(before.count).hasPrefix(Self.begin))
    terminal.send(farewell)
    #expect(await terminal.end() == -farewell)
    #expect(terminal.words.hasSuffix(Self.end))
  }

  @Test("has the status in plain lines on a terminal that knows nothing but lines")
  func dumb() async throws {
    let terminal = try PseudoTerminal("status", "--watch", "--config", machine.configurationFile.path, kind: "dumb")
    try await eventually("it is shown") { terminal.words.contains("running") }
    _ = try await machine.progressctl("pause")
    try await eventually("a change is shown below it") { terminal.words.contains("paused by") }
    terminal.send(SIGINT)
    #expect(await terminal.end() == -SIGINT)
    #expect(!terminal.words.contains("\u{1b}"), "\(terminal.words)")
  }

  private static let begin = "\u{1b}[?1049h\u{1b}[?25l"
  private static let end = "\u{1b}[?25h\u{1b}[?1049l"

  @Test("is asked before everything is cleared, and nothing happens without a yes", arguments: [("n", 64, 2), ("", 64, 2), ("y", 0, 0)])
  func clear(answer: String, status: Int32, left: Int) async throws {
    _ = try await machine.progressctl("pause")
    for day in 1...2 { try machine.drop(rating("easy", day: day)) }
    try await eventually("all is accepted") { try self.machine.pending() == 2 }
    let terminal = try PseudoTerminal("clear", "--all", "--config", machine.configurationFile.path)
    try await eventually("it asks") { terminal.words.contains("[y/N] ") }
    #expect(terminal.words.contains("2 entries of the queue and 0 files of the spool"))
    terminal.type(answer + "\n")
    #expect(await terminal.end() == status, "\(terminal.words)")
    #expect(terminal.words.contains(status == 0 ? "2 entries discarded, undelivered" : "nothing was discarded"))
    #expect(try machine.pending() == left)
  }
}

/// `progressctl` on a terminal that a test reads and types into.
private final class PseudoTerminal {
  private let process = Process()
  private let controller: FileHandle
  private let ending: AsyncStream<Int32>
  private var read = ""

  /// - Parameter kind: As term(7) names terminals.
  init(_ arguments: String..., kind: String = "xterm") throws {
    let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw POSIXError(.EIO) }
    controller = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // What unlockpt(3) and ptsname(3) do, which Swift does not see: ioctl_tty(2).
    var (isLocked, number) = (CInt(0), CUnsignedInt(0))
    guard ioctl(descriptor, 0x4004_5431, &isLocked) == 0, ioctl(descriptor, 0x8004_5430, &number) == 0 else { throw POSIXError(.EIO) }
    let device = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard device >= 0 else { throw POSIXError(.EIO) }
    let end = FileHandle(fileDescriptor: device, closeOnDealloc: true)
    process.executableURL = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      .deletingLastPathComponent().appending(path: "progressctl")
    process.arguments = arguments
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": kind]
    (process.standardInput, process.standardOutput, process.standardError) = (end, end, end)
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    ending = stream
    process.terminationHandler = { ended in
      continuation.yield(ended.terminationReason == .exit ? ended.terminationStatus : -ended.terminationStatus)
      continuation.finish()
    }
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Everything that it has shown so far.
  var words: String {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(controller.fileDescriptor, &bytes, bytes.count)
      guard count > 0 else { return read }
      read += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
  }

  /// Of the process, as proc_pid_stat(5) names it.
  var state: String {
    let text = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ") ").last?.split(separator: " ").first.map(String.init) ?? ""
  }

  func type(_ text: String) { controller.write(Data(text.utf8)) }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for its end: the exit code, or the negative number of the signal that ended it.
  func end() async -> Int32 {
    for await status in ending { return status }
    return process.terminationStatus
  }
}
