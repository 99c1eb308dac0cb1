import CSpool
import Glibc
import SystemPackage

/// A client's end of the submission socket, for one file.
///
/// The daemon speaks first. Until it has, nothing was handed over, so that who finds nobody there, or waits too long, may go another way
/// without the file being taken twice; even where systemd keeps the connection for a daemon that is yet to start.
struct SubmissionClient: ~Copyable {
  private let socket: Descriptor

  /// How long a daemon has to greet whoever connects.
  static let greetingPatience = Duration.seconds(3)
  /// How long it has to make a file durable.
  static let answerPatience = Duration.seconds(20)

  /// Hands a file over. When it returns, the file is durable in the daemon's spool.
  static func submit(_ contents: [UInt8], as name: SpoolName, to path: FilePath) throws(SubmissionFailure) {
    try connect(to: path).submit(contents, as: name)
  }

  /// Connects, and waits until the daemon is ready.
  static func connect(to path: FilePath) throws(SubmissionFailure) -> SubmissionClient {
    let client = try SubmissionClient(path)
    switch try client.answer(within: greetingPatience, orElse: { .unavailable("\(path): \($0)", nil) }) {
    case .ready: return client
    case .refused(let refusal): throw .refused(refusal)
    case .accepted, nil: throw .unavailable("\(path): what answers there is no progress-syncd that is known here", nil)
    }
  }

  private init(_ path: FilePath) throws(SubmissionFailure) {
    do throws(Errno) {
      socket = try Descriptor { path.withPlatformString { cspool_connect($0) } }
    } catch {
      throw .unavailable("\(path): \(error)", error)
    }
  }

  private func submit(_ contents: [UInt8], as name: SpoolName) throws(SubmissionFailure) {
    do throws(Errno) {
      let memory = try Descriptor { contents.withUnsafeBytes { cspool_sealed_memory($0.baseAddress, UInt($0.count)) } }
      let (header, socket, number) = (SubmissionMessage.request(for: name.description), socket.number, memory.number)
      _ = try checked { header.withUnsafeBytes { cspool_send(socket, $0.baseAddress, UInt($0.count), number) } }
    } catch {
      throw .unavailable("cannot hand it over: \(error)", nil)
    }
    switch try answer(within: Self.answerPatience, orElse: { .unanswered($0) }) {
    case .accepted: break
    case .refused(let refusal): throw .refused(refusal)
    case .ready, nil: throw .unanswered("the daemon's answer is not understood")
    }
  }

  /// The next packet; nil for one that no daemon sends.
  private func answer(
    within patience: Duration, orElse failure: (String) -> SubmissionFailure
  ) throws(SubmissionFailure) -> SubmissionAnswer? {
    let deadline = ContinuousClock.now + patience
    var packet = [UInt8](repeating: 0, count: 2 * SubmissionMessage.longest)
    let socket = socket.number
    while true {
      do throws(Errno) {
        let length = try checked { packet.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) } }
        guard length > 0 else { throw Errno.connectionReset }
        return SubmissionAnswer(bytes: Array(packet.prefix(length)))
      } catch .resourceTemporarilyUnavailable {
        let rest = ContinuousClock.now.duration(to: deadline)
        guard rest > .zero else { throw failure("no answer within \(patience)") }
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        poll(&state, 1, CInt(rest / .milliseconds(1)) + 1)
      } catch {
        throw failure("the daemon has hung up")
      }
    }
  }
}

/// Why a file is not known to be in the daemon's spool.
enum SubmissionFailure: Error, Hashable {
  /// Nobody has it: no daemon listens, or this process may not ask it.
  case unavailable(String, Errno?)
  /// The daemon does not want it, or not now.
  case refused(SubmissionRefusal)
  /// It was sent, and then the connection was lost: it may be there.
  case unanswered(String)
}
