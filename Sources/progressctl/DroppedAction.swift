import Glibc
import ProgressModel
import Spool
import SyncDaemon
import Systemd
import SystemPackage

/// An action whose file lies in the spool.
struct DroppedAction: CustomStringConvertible {
  let file: SpoolName
  let id: ActionID
  /// Of its writes; the first is what the verb is about.
  let keys: [WriteKey]
  private let key: WriteKey

  /// Drops `contents`, which are those of `action`; when this returns they survive a power cut.
  ///
  /// Throws `Failure`, and then nothing was dropped.
  init(dropping contents: [UInt8], of action: Action, into service: Service) throws {
    let keys = action.writes(droppedAt: .now).map(\.key)
    guard let id = action.id, let key = keys.first else {
      throw Failure("the action has no id; nothing was dropped", code: EX_SOFTWARE)
    }
    (self.id, self.keys, self.key) = (id, keys, key)
    do {
      file = try service.spoolWriter.drop(contents)
    } catch .unanswered(let name, let reason) {
      let words = "whether \(name) arrived is not known: \(reason); drop it again with --id \(id), which does nothing when it did"
      throw Failure("\(words) (\(service.name))", code: EX_TEMPFAIL)
    } catch {
      let next = error.exitCode == EX_NOPERM ? service.howToBeLetIn.map { "; \($0)" } ?? "" : ""
      throw Failure("\(error)\(next); nothing was dropped (\(service.name))", code: error.exitCode)
    }
  }

  var json: JSONValue {
    .object(["file": .string("\(file)"), "id": .string(id.text), "key": .string("\(key)")])
  }

  var description: String { "\(key)".singleLine + " (id \(id))" }
}

extension Service {
  /// The way in for action files: the daemon's socket, and its directory.
  var spoolWriter: SpoolWriter {
    SpoolWriter(incoming: configuration.spool.directory.appending("incoming"), socket: configuration.spool.socket)
  }

  /// What gives a person who may neither connect nor write the right to do both; nil where there is no group for it.
  fileprivate var howToBeLetIn: String? {
    configuration.control.group.map { "sudo usermod -aG \($0) $USER and a new login let you in" }
  }
}

extension SpoolWriteError {
  fileprivate var exitCode: CInt {
    switch self {
    case .system(_, _, .permissionDenied), .system(_, _, .notPermitted): EX_NOPERM
    case .system(_, _, .noSuchFileOrDirectory), .system(_, _, .notDirectory): EX_UNAVAILABLE
    case .system: EX_IOERR
    case .invalidName, .nameTaken: EX_CANTCREAT
    case .refused: EX_DATAERR
    case .unanswered: EX_TEMPFAIL
    case .neitherWay(let directory, _): directory.exitCode
    }
  }
}
