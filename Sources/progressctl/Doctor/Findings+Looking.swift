import FoundationEssentials
import Glibc
import Subprocess
import SyncDaemon
import SystemPackage

extension FilePath {
  var exists: Bool { withPlatformString { access($0, F_OK) } == 0 }
}

extension DirectoryFindings {
  init(_ path: FilePath) {
    self.init(path: path)
    do throws(Errno) {
      let status = try path.stat(followTargetSymlink: false)
      (owner, permissions) = (status.userID.rawValue, status.permissions.rawValue)
    } catch {
      problem = error
    }
  }
}

extension SpaceFindings {
  /// nil for what cannot be looked at.
  init?(_ path: FilePath) {
    var space = statvfs()
    // What is gone by now is not there to be looked at.
    guard let status = try? path.stat(), path.withPlatformString({ statvfs($0, &space) }) == 0 else { return nil }
    let block = UInt64(space.f_frsize)
    self.init(
      path: path, device: UInt64(status.deviceID.rawValue), free: UInt64(space.f_bavail) * block, size: UInt64(space.f_blocks) * block,
      freeInodes: UInt64(space.f_favail), inodes: UInt64(space.f_files))
  }
}

extension UnitFindings {
  /// Runs `systemctl`, for five seconds at most.
  init(asking arguments: [String]) async {
    do {
      let words = arguments
      self = try await withThrowingTaskGroup(of: UnitFindings.self) { group in
        group.addTask {
          let result = try await run(
            .name("systemctl"), arguments: Arguments(words), output: .string(limit: 65_536), error: .string(limit: 4_096))
          guard result.terminationStatus.isSuccess else {
            return .unavailable("systemctl: \(result.standardError.split(separator: "\n").first.map(String.init) ?? "failed")")
          }
          return UnitFindings(output: result.standardOutput)
        }
        group.addTask {
          try await Task.sleep(for: .seconds(5), clock: .continuous)
          return .unavailable("systemctl has not answered within 5s")
        }
        defer { group.cancelAll() }
        return try await group.next() ?? .unavailable("systemctl was not asked")
      }
    } catch {
      self = .unavailable("there is no systemctl to ask")
    }
  }
}

extension Patient.Caller {
  /// Whoever runs this process.
  static var current: Patient.Caller {
    let user = geteuid()
    let entry = getpwuid(user)
    let name = entry.map { String(cString: $0.pointee.pw_name) } ?? "\(user)"
    var groups = [UInt32](repeating: 0, count: 1_024)
    let own = Glibc.getgroups(CInt(groups.count), &groups)
    var caller = Patient.Caller(user: user, name: name, groups: Set(groups.prefix(Int(max(0, own)))).union([getegid()]), groupsAtLogin: [])
    var count = CInt(groups.count)
    if let primary = entry?.pointee.pw_gid, getgrouplist(name, primary, &groups, &count) >= 0 {
      caller.groupsAtLogin = Set(groups.prefix(Int(max(0, count))))
    }
    return caller
  }
}
