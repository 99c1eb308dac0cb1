package import ControlProtocol
import ProgressModel

/// Why the daemon's state is not known, or a command was not done.
package enum ControlError: Error, Hashable, CustomStringConvertible {
  /// Nothing listens on the control socket, or there is none.
  case noDaemon(socket: String)
  /// `group`: whose members may connect; nil when that cannot be seen.
  case mayNotConnect(socket: String, group: String?)
  /// Longer than `ControlPath.longestSocketPath`; where the limit comes from: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
  case socketPathTooLong(String)
  /// Whether what was asked has been done is not known.
  case noAnswer(within: Duration)
  /// The connection, or an answer, broke off. Whether what was asked has been done is not known.
  case lost(String)
  /// An answer that this version does not understand.
  case unexpected(String)
  /// The daemon's own word.
  case refused(ControlRefusal)

  /// No daemon has made a queue there yet.
  case noQueue(path: String)
  case notPermitted(path: String)
  case unreadable(String)

  package var description: String {
    switch self {
    case .noDaemon(let socket): "no daemon listens on \(socket)"
    case .mayNotConnect(let socket, let group?): "you may not connect to \(socket): be a member of group \(group)"
    case .mayNotConnect(let socket, nil): "you may not connect to \(socket): be a member of its group"
    case .socketPathTooLong(let path):
      "control.socket is \(path.utf8.count) bytes long, and \(ControlPath.longestSocketPath) is the most that a socket's path can have: \(path)"
    case .noAnswer(let limit): "the daemon has not answered within \(limit.spelled)"
    case .lost(let words): "the connection to the daemon broke off: \(words)"
    case .unexpected(let words): "the daemon's answer is not understood: \(words)"
    case .refused(let refusal): refusal.error
    case .noQueue(let path): "there is no queue yet: \(path) does not exist, as progress-syncd has not run"
    case .notPermitted(let path): "\(path) may be read by the service's own user and root only"
    case .unreadable(let words): words
    }
  }

  /// Whether nobody was reached who could have answered.
  package var isWithoutDaemon: Bool {
    switch self {
    case .noDaemon, .mayNotConnect, .socketPathTooLong: true
    case .noAnswer, .lost, .unexpected, .refused, .noQueue, .notPermitted, .unreadable: false
    }
  }

  /// Whether somebody was reached who then went away.
  package var isBrokenOff: Bool {
    if case .lost = self { true } else { false }
  }

  /// Whether it may be over by itself: a daemon that starts again, or is busy.
  package var isPassing: Bool {
    switch self {
    case .noDaemon, .noAnswer, .lost, .noQueue: true
    case .refused(let refusal): refusal.kind == .unavailable || refusal.kind == .ending
    case .mayNotConnect, .socketPathTooLong, .unexpected, .notPermitted, .unreadable: false
    }
  }
}
