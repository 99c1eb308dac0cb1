import ProgressModel
import Spool
import SyncDaemon
import SystemPackage

/// What the look at the spool found.
struct SpoolFindings: Hashable {
  var places: SpoolInspection
  /// What a rehearsed drop came to; nil when it succeeded.
  var dropFailure: SpoolWriteError?
  /// Whether actions can be handed over by socket instead.
  var hasOtherWay = false
  /// Names of groups by their ids, as far as they have any.
  var groupNames: [UInt32: String] = [:]
}

extension Patient {
  func diagnoseSpool(_ found: SpoolFindings) -> [Diagnosis] {
    let isMissing = found.places.incoming.problem == .noSuchFileOrDirectory
    let root = configuration.spool.directory
    // Of a user's own the daemon makes what is in it.
    let making = kind == .system ? howToMakeSpool : howToMakeOwnDirectory(root)
    let kept = diagnoseSandbox(.spool, of: root, making: isMissing ? making : nil)
    let wrong = kept.map { [$0] } ?? diagnoseLayout(found.places)
    // Whoever cannot drop because there is no directory has been told.
    let incoming = found.places.incoming
    let isAbsent = incoming.problem == .noSuchFileOrDirectory || (incoming.problem == nil && !incoming.isDirectory)
    return isAbsent ? wrong : wrong + [diagnoseDrop(found, isLaidOut: wrong.isEmpty)]
  }

  private func diagnoseLayout(_ places: SpoolInspection) -> [Diagnosis] {
    var found: [Diagnosis] = []
    var missing: [String] = []
    for place in [places.incoming, places.claimed, places.rejected] {
      switch place.problem {
      case nil where !place.isDirectory:
        found.append(.problem(.spool, "\(place.path) is no directory", fix: "move it out of the way, then \(howToMakeSpool)"))
      case nil: break
      case .noSuchFileOrDirectory?: missing.append(place.path.lastComponent?.string ?? "")
      case let problem?: found.append(.unknown(.spool, "\(place.path): \(problem)", fix: askAsRoot))
      }
    }
    if !missing.isEmpty {
      let root = configuration.spool.directory
      found.append(.problem(.spool, "the spool \(root) lacks \(missing.joined(separator: ", "))", fix: howToMakeSpool))
    }
    guard places.incoming.isThere else { return found }
    for place in [places.claimed, places.rejected] where place.isThere {
      if place.owner != places.incoming.owner || place.permissions & 0o022 != 0 {
        found.append(
          .problem(
            .spool, "\(place.path) must belong to the daemon alone, and has mode \(place.mode) and the owner \(name(of: place.owner))",
            fix: "\(sudo)chown \(name(of: places.incoming.owner)) \(place.path) && \(sudo)chmod 700 \(place.path)"))
      }
      if place.device != places.incoming.device {
        found.append(
          .problem(.spool, "\(place.path) is on another file system than incoming/", fix: "put the whole spool on one file system"))
      }
    }
    return found + [diagnoseSharing(places.incoming)].compactMap { $0 }
  }

  /// Whether those who share `incoming/` are kept apart, and the daemon can read what they drop.
  private func diagnoseSharing(_ incoming: SpoolInspection.Place) -> Diagnosis? {
    let isShared = incoming.permissions & 0o022 != 0
    if isShared, incoming.permissions & 0o1000 == 0 {
      return .problem(
        .spool, "in \(incoming.path) everybody who may drop can remove what others have dropped: mode \(incoming.mode) is not sticky",
        fix: "\(sudo)chmod +t \(incoming.path)")
    }
    let daemonReads = incoming.initialAccess?.entries.contains { entry in
      entry.subject == .user(incoming.owner) && entry.permissions & 4 != 0
    }
    if isShared, incoming.owner != 0, daemonReads != true {
      return .warning(
        .spool,
        "\(incoming.path) has no default ACL for user \(name(of: incoming.owner)): the daemon may be unable to read what others drop",
        fix: isNamed ? "\(sudo)setfacl -d -m u:\(name(of: incoming.owner)):r \(incoming.path)" : howToMakeSpool)
    }
    return nil
  }

  private func diagnoseDrop(_ found: SpoolFindings, isLaidOut: Bool) -> Diagnosis {
    let incoming = found.places.incoming
    switch found.dropFailure {
    case nil: return .ok(.spool, "you can drop actions into \(incoming.path)" + (isLaidOut ? ", and it is as it should be" : ""))
    case .system(_, _, .permissionDenied)?, .system(_, _, .notPermitted)?:
      guard let group = incoming.groupsOfWriters.first else {
        return .problem(
          .spool, "you may not drop into \(incoming.path)", fix: "\(sudo)chmod or chown it, or act as \(name(of: incoming.owner))")
      }
      let name = found.groupNames[group] ?? "\(group)"
      let text = "you may not drop into \(incoming.path), as only group \(name) may"
      let fix = GroupStanding(of: caller, to: incoming.groupsOfWriters).fix(for: caller, group: name)
      return found.hasOtherWay
        ? .warning(.spool, text + "; by socket you may, while the daemon runs", fix: fix) : .problem(.spool, text, fix: fix)
    case let failure?: return .problem(.spool, "you cannot drop: \(failure)", fix: "see what stands there, then progressctl doctor")
    }
  }
}

extension SpoolInspection.Place {
  fileprivate var isThere: Bool { problem == nil && isDirectory }

  fileprivate var mode: String { String(permissions, radix: 8) }

  /// Where the list names groups, the bits of the mode's group are its mask.
  fileprivate var groupsOfWriters: [UInt32] {
    let named = access?.groups(allowed: 3) ?? []
    return named.isEmpty && permissions & 0o030 == 0o030 ? [group] : named
  }
}
