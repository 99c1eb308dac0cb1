import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import SyncDaemon
import SystemPackage
import Systemd

extension Service {
  /// What is told while a first question takes longer than it should, as it does while a daemon starts again.
  static let waitingWords = "waiting for progress-syncd to answer"

  /// Lends a client of the daemon. Throws what `body` throws.
  func connected<Answer>(_ body: (ControlClient) async throws -> Answer) async throws -> Answer {
    try await SocketClient.with(path: configuration.control.socket.string) { socket in
      try await body(ControlClient(socket: socket, files: files))
    }
  }

  /// Asks the daemon; throws `Failure` when it cannot be asked.
  ///
  /// - Parameter toAct: Whether it is asked to do something: who gets no answer to that does not know what became of it.
  func asking<Answer>(toAct: Bool = false, _ question: (ControlClient) async throws -> Answer) async throws -> Answer {
    do {
      return try await connected(question)
    } catch let error as ControlError {
      throw Failure(error, of: self, askedToAct: toAct)
    }
  }
}

extension Failure {
  /// With the next step, and which service was looked at.
  init(_ error: ControlError, of service: Service, askedToAct: Bool = false) {
    self.init("\(Self.words(for: error, of: service, askedToAct: askedToAct)) (\(service.name))", code: error.exitCode)
  }

  /// The error and the next step.
  static func words(for error: ControlError, of service: Service, askedToAct: Bool = false) -> String {
    "\(error)".singleLine + (nextStep(after: error, of: service, askedToAct: askedToAct).map { "; \($0)" } ?? "")
  }

  private static func nextStep(after error: ControlError, of service: Service, askedToAct: Bool) -> String? {
    switch error {
    case .noQueue: service.howToStart
    case .noDaemon:
      if case .running(let process) = service.files.presence {
        "progress-syncd\(process.map { ", process \($0)," } ?? "") runs; see progressctl doctor"
      } else {
        service.howToStart
      }
    case .mayNotConnect(_, let group): (group.map { "sudo usermod -aG \($0) $USER and a new login, or " } ?? "") + "try again with sudo"
    case .notPermitted: "try again with sudo"
    case .lost, .noAnswer:
      // Where systemd holds the socket it accepts for a daemon that then does not start, or that fails again and again.
      switch service.files.presence {
      case .running: askedToAct ? "what became of it is not known: see progressctl status" : "progress-syncd runs; see progressctl doctor"
      case .stopped: "progress-syncd does not start, or has just ended: see \(service.whereToLook)"
      case .unknown:
        (askedToAct ? "what became of it is not known; " : "")
          + "if that goes on, progress-syncd does not start: see \(service.whereToLook)"
      }
    case .socketPathTooLong: "set a shorter one"
    case .unexpected: "start the daemon again, so that it has this version"
    case .refused, .unreadable: nil
    }
  }
}

extension ControlError {
  fileprivate var exitCode: CInt {
    switch self {
    case .noDaemon: EX_UNAVAILABLE
    case .mayNotConnect, .notPermitted: EX_NOPERM
    case .socketPathTooLong: EX_CONFIG
    case .noAnswer, .lost: EX_TEMPFAIL
    case .unexpected: EX_PROTOCOL
    case .noQueue: EX_NOINPUT
    case .unreadable: EX_IOERR
    case .refused(let refusal): refusal.kind.exitCode
    }
  }
}

extension ControlRefusal.Kind {
  fileprivate var exitCode: CInt {
    switch self {
    case .badRequest: EX_DATAERR
    case .notPermitted: EX_NOPERM
    case .notFound: EX_NOINPUT
    case .conflict, .unavailable, .ending: EX_TEMPFAIL
    }
  }
}
