package import SystemPackage

/// Why the kernel does not let us watch something. What depends on the watch goes on without being woken by it.
package struct SystemEventError: Error, Hashable, CustomStringConvertible {
  /// What was to be watched.
  package let subject: String
  package let code: Errno

  package var description: String { "cannot watch \(subject): \(code)" }
}
