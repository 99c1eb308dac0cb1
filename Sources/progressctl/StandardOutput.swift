import Glibc
import SystemPackage

/// What is printed for whoever asked.
enum StandardOutput {
  /// Throws `Failure`: a full disk must not look like an empty queue.
  static func write(_ text: String) throws {
    try write { try $0(text) }
  }

  /// Writes what need not be text.
  static func write(bytes: [UInt8]) throws {
    try writeAll(bytes)
  }

  /// Lends `body` a function that prints; what it is given goes out in large pieces. Throws `Failure` and what `body` throws.
  static func write(_ body: ((String) throws -> Void) throws -> Void) throws {
    var buffer = ""
    try body { text in
      buffer += text
      guard buffer.utf8.count >= 65_536 else { return }
      try writeAll(buffer.utf8)
      buffer = ""
    }
    try writeAll(buffer.utf8)
  }

  /// The same with a `body` that waits for what it prints.
  static func write(_ body: ((String) throws -> Void) async throws -> Void) async throws {
    var buffer = ""
    try await body { text in
      buffer += text
      guard buffer.utf8.count >= 65_536 else { return }
      try writeAll(buffer.utf8)
      buffer = ""
    }
    try writeAll(buffer.utf8)
  }

  private static func writeAll(_ bytes: some Sequence<UInt8>) throws {
    do {
      _ = try FileDescriptor.standardOutput.writeAll(bytes)
    } catch Errno.brokenPipe {
      // NIO has SIGPIPE ignored; a reader that has seen enough ends this program all the same.
      Signals.die(of: SIGPIPE)
    } catch {
      throw Failure("cannot write the output: \(error)", code: EX_IOERR)
    }
  }

  /// For output that goes to a person: colours on a terminal that has them, unless <https://no-color.org> is wished for.
  static func style(environment: [String: String]) -> TextStyle {
    let isPlain = !Terminal.isDrawable(STDOUT_FILENO) || environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    return isPlain ? .plain : .coloured
  }
}
