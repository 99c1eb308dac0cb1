import SystemPackage

/// What is said beside the output.
enum StandardError {
  static func say(_ line: String) {
    // Where it cannot be said there is nobody to hear it.
    _ = try? FileDescriptor.standardError.writeAll("progressctl: \(line)\n".utf8)
  }
}
