import Foundation
import Glibc

/// One of the built programs, as a process of its own whose words go to a file.
final class RunningProgram {
  private let process = Process()
  private let output: URL
  private let ending: AsyncStream<Int32>

  /// Starts the program that stands beside the test runner, or the one at an absolute path.
  ///
  /// - Parameter launcher: A program that becomes the one to run, with its arguments; none by default.
  init(_ name: String, _ arguments: [String], environment: [String: String] = [:], output: URL, through launcher: [String] = []) throws {
    self.output = output
    let descriptor = open(output.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let program = name.hasPrefix("/") ? name : try Self.directory.appending(path: name).path
    process.executableURL = URL(filePath: launcher.first ?? program)
    process.arguments = launcher.isEmpty ? arguments : launcher.dropFirst() + [program] + arguments
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"].merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
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

  /// Where the built programs are.
  static var directory: URL {
    get throws {
      URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).deletingLastPathComponent()
    }
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// Everything that it, and those before it with the same file, said so far.
  var words: String {
    get throws { try String(contentsOf: output, encoding: .utf8) }
  }

  func send(_ signal: Int32) {
    kill(process.processIdentifier, signal)
  }

  /// Waits for its end: the exit code, or the negative number of the signal that ended it.
  func end() async -> Int32 {
    for await status in ending { return status }
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Runs a program to its end.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], through launcher: [String] = []
  ) async throws -> (status: Int32, words: String) {
    let output = FileManager.default.temporaryDirectory.appending(path: "words-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }  // What is left lies in the system's own temporary directory.
    let program = try RunningProgram(name, arguments, environment: environment, output: output, through: launcher)
    let status = await program.end()
    return (status, try program.words)
  }
}
