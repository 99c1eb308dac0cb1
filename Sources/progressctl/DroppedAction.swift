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
      file = try SpoolWriter(incoming: service.configuration.spool.directory.appending("incoming")).drop(contents)
    } catch {
      throw Failure("\(error); nothing was dropped (\(service.name))", code: error.exitCode)
    }
  }

  var json: JSONValue {
    .object(["file": .string("\(file)"), "id": .string(id.text), "key": .string("\(key)")])
  }

  var description: String { "\(key)".singleLine + " (id \(id))" }
}

extension SpoolWriteError {
  fileprivate var exitCode: CInt {
    switch self {
    case .system(_, _, .permissionDenied), .system(_, _, .notPermitted): EX_NOPERM
    case .system(_, _, .noSuchFileOrDirectory), .system(_, _, .notDirectory): EX_UNAVAILABLE
    case .system: EX_IOERR
    case .invalidName, .nameTaken: EX_CANTCREAT
    }
  }
}
