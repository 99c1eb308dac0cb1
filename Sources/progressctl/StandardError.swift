import Glibc
import SystemPackage

/// What is said beside the output.
enum StandardError {
  static func say(_ line: String) {
    // On a terminal a `Spinner` may stand in the line.
    let emptied = Terminal.isDrawable(STDERR_FILENO) ? "\r\u{1b}[K" : ""
    // Where it cannot be said there is nobody to hear it.
    _ = try? FileDescriptor.standardError.writeAll("\(emptied)progressctl: \(line)\n".utf8)
  }
}
