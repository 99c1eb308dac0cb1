import Glibc

/// A unix socket that gives each connection the same bytes and closes it; nobody listens on it any more when its holder goes.
final class ListeningSocket: Sendable {
  private let descriptor: CInt

  struct Failure: Error {
    let code: CInt
  }

  init(at path: String) throws {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) } == 0
    }
    guard isBound, listen(descriptor, 8) == 0 else { throw Failure(code: errno) }
  }

  deinit { close(descriptor) }

  /// Answers each connection while `body` runs, once its request has come.
  func answering(_ answer: String, during body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          if !self.answerOne(answer) { try await Task.sleep(for: .milliseconds(5)) }
        }
      }
      defer { group.cancelAll() }
      try await body()
    }
  }

  /// Returns whether there was a connection.
  private func answerOne(_ answer: String) -> Bool {
    var news = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&news, 1, 0) == 1 else { return false }
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { return false }
    var request = [UInt8](repeating: 0, count: 4_096)
    _ = recv(connection, &request, request.count, 0)
    _ = send(connection, answer, answer.utf8.count, CInt(MSG_NOSIGNAL))
    close(connection)
    return true
  }
}
