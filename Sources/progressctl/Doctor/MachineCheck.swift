import ProgressModel
import SyncDaemon
import SystemEvents
import SystemPackage

/// A directory as far as its keeping of the queue goes.
struct DirectoryFindings: Hashable {
  var path: FilePath
  /// Why it cannot be looked at.
  var problem: Errno?
  var owner: UInt32 = 0
  var permissions: UInt32 = 0
}

/// Room on the file system of a directory.
struct SpaceFindings: Hashable {
  var path: FilePath
  /// The file system, so that one is told of once.
  var device: UInt64
  /// Bytes for those who are not root.
  var free: UInt64
  var size: UInt64
  /// Both zero on file systems that make inodes as they need them.
  var freeInodes: UInt64
  var inodes: UInt64
}

struct ClockFindings: Hashable {
  var now: Timestamp
  /// nil when the kernel does not say.
  var isSynchronized: Bool?
  /// The API's clock, when it was asked, and this one's then.
  var server: (date: Timestamp, seenAt: Timestamp)?

  static func == (left: ClockFindings, right: ClockFindings) -> Bool {
    (left.now, left.isSynchronized, left.server?.date, left.server?.seenAt)
      == (right.now, right.isSynchronized, right.server?.date, right.server?.seenAt)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(now)
    hasher.combine(isSynchronized)
  }
}

extension Patient {
  func diagnoseState(_ found: DirectoryFindings, daemonUser: UInt32?) -> [Diagnosis] {
    let making = found.problem == .noSuchFileOrDirectory ? howToMakeOwnDirectory(found.path) : nil
    if let diagnosis = diagnoseSandbox(.state, of: found.path, making: making) { return [diagnosis] }
    switch found.problem {
    case .noSuchFileOrDirectory?:
      return [.warning(.state, "\(found.path) does not exist, as no daemon has run yet", fix: startCommand)]
    case let problem?: return [.unknown(.state, "\(found.path): \(problem)", fix: askAsRoot)]
    case nil: break
    }
    if let daemonUser, found.owner != daemonUser {
      return [
        .problem(
          .state, "\(found.path) belongs to \(name(of: found.owner)), and the spool to \(name(of: daemonUser))",
          fix: "\(sudo)chown -R \(name(of: daemonUser)) \(found.path)")
      ]
    }
    if found.permissions & 0o077 != 0 {
      return [
        .warning(
          .state, "\(found.path) can be entered by others: mode \(String(found.permissions, radix: 8)); the queue may hold notes",
          fix: "\(sudo)chmod 700 \(found.path)")
      ]
    }
    return [.ok(.state, "\(found.path) belongs to the daemon alone")]
  }

  func diagnoseSpace(_ found: [SpaceFindings]) -> [Diagnosis] {
    var told: Set<UInt64> = []
    return found.filter { told.insert($0.device).inserted }.map(diagnose)
  }

  private func diagnose(_ space: SpaceFindings) -> Diagnosis {
    let mebibytes = space.free >> 20
    let text = "\(space.path): \(mebibytes) MiB free"
    let fix = "free some space: \(sudo)du -xh --max-depth=2 / | sort -h | tail"
    if mebibytes < 16 { return .problem(.disk, text, fix: fix) }
    if space.inodes > 0, space.freeInodes < 100 {
      return .problem(
        .disk, "\(space.path): \(space.freeInodes) inodes free, each new file needs one", fix: "remove files that nobody needs")
    }
    if mebibytes < 128 || space.free < space.size / 50 { return .warning(.disk, text, fix: fix) }
    if space.inodes > 0, space.freeInodes < space.inodes / 50 {
      return .warning(.disk, "\(space.path): \(space.freeInodes) inodes free, of \(space.inodes)", fix: "remove files that nobody needs")
    }
    return .ok(.disk, text)
  }

  /// - Parameter isWatched: The daemon's own word; nil when it was not asked.
  func diagnoseInotify(_ usage: InotifyUsage, isWatched: Bool?) -> [Diagnosis] {
    let raise = "\(sudo)sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288, then \(restart)"
    if isWatched == false {
      return [
        .problem(
          .inotify, "the daemon hears nothing of new files, and finds them only every \(configuration.spool.rescanInterval.spelled)",
          fix: raise)
      ]
    }
    func nearlyAll(_ used: Int, of maximum: Int?, _ name: String) -> Diagnosis? {
      guard let maximum, used * 5 >= maximum * 4 else { return nil }
      return .warning(.inotify, "\(used) of \(maximum) inotify \(name) of the daemon's user are in use", fix: raise)
    }
    if let warning = nearlyAll(usage.instances, of: usage.maximumInstances, "instances")
      ?? nearlyAll(usage.watches, of: usage.maximumWatches, "watches")
    {
      return [warning]
    }
    guard let instances = usage.maximumInstances, let watches = usage.maximumWatches else {
      return isWatched == true ? [.ok(.inotify, "the daemon hears of new files")] : [.unknown(.inotify, "/proc does not tell the limits")]
    }
    let numbers = "\(usage.instances) of \(instances) instances and \(usage.watches) of \(watches) watches in use, as far as can be seen"
    return [.ok(.inotify, (isWatched == true ? "the daemon hears of new files; " : "") + numbers)]
  }

  func diagnoseClock(_ found: ClockFindings) -> [Diagnosis] {
    let setTime = "\(sudo)timedatectl set-ntp true"
    // Before the first release, or so late that certificates and sessions make no sense.
    guard (Self.firstRelease..<Self.lastPlausible).contains(found.now) else {
      return [
        .problem(.clock, "the clock says \(found.now)", fix: "\(sudo)timedatectl set-time '2026-01-28 15:30:00', with the time that it is")
      ]
    }
    if let (date, seenAt) = found.server {
      let distance = date < seenAt ? seenAt - date : date - seenAt
      let text = "the clock is \(distance.inWords) \(date < seenAt ? "ahead of" : "behind") the API's"
      if distance >= .seconds(3_600) { return [.problem(.clock, text, fix: setTime)] }
      if distance >= .seconds(60) { return [.warning(.clock, text, fix: setTime)] }
    }
    switch found.isSynchronized {
    case true?: return [.ok(.clock, "kept right by a time service" + (found.server == nil ? "" : ", and as the API's"))]
    case false?: return [.warning(.clock, "no time service keeps the clock right", fix: setTime)]
    case nil: return [.unknown(.clock, "whether a time service keeps the clock right")]
    }
  }

  private static let firstRelease = Timestamp(milliseconds: 1_767_225_600_000)
  private static let lastPlausible = Timestamp(milliseconds: 4_102_444_800_000)
}
