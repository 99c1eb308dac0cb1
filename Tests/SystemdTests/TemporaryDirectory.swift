import FoundationEssentials
import Glibc

/// A fresh directory of a test's own, removed with everything in it when the test lets go of it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/progress-sync-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemCallFailure(call: "mkdtemp", number: errno) }
    path = template.withUnsafeBufferPointer { String(decoding: $0.dropLast().map(UInt8.init), as: UTF8.self) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)  // What stays behind in /tmp does no harm.
  }
}

struct SystemCallFailure: Error {
  let call: String
  let number: CInt
}
