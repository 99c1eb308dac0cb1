import Foundation
import Glibc
import TestSupport
import Testing

/// A network of its own for some programs, with nothing but a loopback interface, which is down at first. The machine's own is not touched.
final class PrivateNetwork {
  /// What is put before a program to run it in this network.
  let entrance: [String]
  private let holder: RunningProgram
  private let words: URL

  static let isPossible: Bool = {
    let tools = ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/ip"]
    guard geteuid() == 0, tools.allSatisfy({ access($0, X_OK) == 0 }) else { return false }
    let words = FileManager.default.temporaryDirectory.appending(path: "network-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: words) }  // What is left lies in the system's own temporary directory.
    // Capabilities show only in the attempt.
    guard let attempt = try? Process.run(URL(filePath: tools[0]), arguments: ["--net", "/bin/true"]) else { return false }
    attempt.waitUntilExit()
    return attempt.terminationStatus == 0
  }()

  init(in directory: URL) async throws {
    words = directory.appending(path: "network.log")
    holder = try RunningProgram("/usr/bin/unshare", ["--net", "/bin/sleep", "infinity"], output: words)
    entrance = ["/usr/bin/nsenter", "--net=/proc/\(holder.identifier)/ns/net"]
    let process = holder.identifier
    try await eventually("the network is there") { try String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8) == "sleep\n" }
  }

  func setLoopback(isUp: Bool) async throws {
    let program = try RunningProgram("/usr/sbin/ip", ["link", "set", "lo", isUp ? "up" : "down"], output: words, through: entrance)
    let status = await program.end()
    #expect(status == 0)
  }
}
