import ProgressModel
import SyncDaemon
import SystemPackage

/// Whether a daemon could start anew with the configuration that stands there now.
struct ConfigurationFindings: Hashable {
  /// nil where it cannot be seen.
  var daemonUser: UInt32?
  /// Why it would not hold, though it can be read.
  var fault: String?
  /// What the daemon's user is kept out of: files that it reads, or directories above them.
  var closed: [GuardedPath] = []
}

/// A file or directory, and whom its mode lets in.
struct GuardedPath: Hashable {
  var path: FilePath
  var isDirectory: Bool
  var owner: UInt32
  var group: UInt32
  var permissions: UInt32

  /// Whether the mode lets a user read the file, or enter the directory.
  func isOpen(to user: UInt32, of groups: Set<UInt32>) -> Bool {
    let wanted: UInt32 = isDirectory ? 1 : 4
    let shift = owner == user ? 6 : groups.contains(group) ? 3 : 0
    return user == 0 || permissions >> UInt32(shift) & wanted != 0
  }
}

extension Patient {
  /// Nothing, when nothing is wrong with it.
  func diagnoseConfiguration(_ found: ConfigurationFindings) -> [Diagnosis] {
    let faults = found.fault.map { [Diagnosis.problem(.configuration, $0, fix: howToMend)] } ?? []
    return faults + diagnoseHiddenFiles()
      + found.closed.map { place in
        let verb = place.isDirectory ? "enter" : "read"
        let text =
          "the daemon may not \(verb) \(place.path), of mode \(String(place.permissions, radix: 8)): it cannot reload, nor start again"
        return .problem(.configuration, text, fix: howToOpen(place, to: found.daemonUser))
      }
  }

  /// What is said of a configuration that cannot even be read; `answer` is that of the daemon at its usual socket.
  func diagnoseConfiguration(unreadable problems: [String], _ answer: DaemonAnswer) -> [Diagnosis] {
    let found = problems.map { Diagnosis.problem(.configuration, $0, fix: howToMend) }
    guard case .status = answer else { return found }
    return found + [.ok(.daemon, "progress-syncd runs, and goes by what it has read before")]
  }

  /// What brings a mended configuration into force, whether a daemon runs or not.
  private var howToMend: String {
    "mend it, then progressctl config check && " + (isNamed ? reload : systemctl("reload-or-restart \(unitName)"))
  }

  private func howToOpen(_ place: GuardedPath, to user: UInt32?) -> String {
    if let user, place.path == configuration.api.tokenFile { return howToClose(place.path, of: place.owner, to: user) }
    return "\(sudo)chmod a+\(place.isDirectory ? "x" : "r") \(place.path)"
  }
}
