package import SystemPackage

/// Why the spool as a whole cannot go on; never the fault of one file. What was dropped stays where it is.
package enum SpoolError: Error, Hashable, CustomStringConvertible {
  /// The system refused: `cannot claim from /…/incoming: No space left on device; …`.
  case system(doing: String, path: FilePath, code: Errno)
  /// A directory of the spool is missing, or is not what it has to be.
  case layout(path: FilePath, problem: String, advice: String)

  package var description: String {
    switch self {
    case .system(let doing, let path, let code): "cannot \(doing) \(path): \(code); \(code.advice)"
    case .layout(let path, let problem, let advice): "\(path) \(problem); \(advice)"
    }
  }
}

/// Why a client's file was not dropped, or is not known to be durable.
package indirect enum SpoolWriteError: Error, Hashable, CustomStringConvertible {
  case invalidName(SpoolName)
  /// A file of that name still waits.
  case nameTaken(SpoolName, in: FilePath)
  case system(doing: String, path: FilePath, code: Errno)
  /// The daemon would take it neither now nor later.
  case refused(SubmissionRefusal)
  /// It was handed over, and nobody has said what became of it.
  case unanswered(SpoolName, reason: String)
  /// Why it can neither be put into the directory nor be handed over by socket.
  case neitherWay(directory: SpoolWriteError, socket: String)

  package var description: String {
    switch self {
    case .invalidName(let name):
      "\"\(name)\" cannot name an action file; use 1 to \(SpoolName.maximumLength) bytes without \"/\", not beginning with a dot"
    case .nameTaken(let name, let directory):
      "\(name) already waits in \(directory); use another name, or none"
    case .system(let doing, let path, let code):
      "cannot \(doing) \(path): \(code); \(code.advice)"
    case .refused(let refusal): "the daemon refuses it: \(refusal)"
    case .unanswered(let name, let reason):
      "whether \(name) arrived is not known: \(reason); drop it again with an id in each action, which makes that harmless"
    case .neitherWay(let directory, let socket): "\(directory); nor does the daemon take it by socket: \(socket)"
    }
  }
}

extension Errno {
  /// What a person does about it.
  fileprivate var advice: String {
    switch self {
    case .noSpace, .diskQuotaExceeded: "free some space there, nothing that was dropped is lost"
    case .readOnlyFileSystem:
      "mount it writable again, or name it in ReadWritePaths= of the service; where it was replaced, start progress-syncd again, which sees the old one"
    case .permissionDenied, .notPermitted: "check its owner and mode, and that this user may use the spool"
    case .noSuchFileOrDirectory, .notDirectory: "create the spool first, or name the right directory"
    case .improperLink: "incoming, claimed and rejected must be directories of one file system, mounted as one"
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
      "raise the limit of open files, or of inotify instances (fs.inotify.max_user_instances)"
    default: "check the file system and the system's log"
    }
  }
}
