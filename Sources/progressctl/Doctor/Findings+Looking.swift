import ControlClient
import FoundationEssentials
import Glibc
import Spool
import Subprocess
import SyncDaemon
import SystemPackage

extension FilePath {
  var exists: Bool { withPlatformString { access($0, F_OK) } == 0 }

  /// Whether it is a directory that the caller may not look into. Asked for as one, since even root may not execute a plain file.
  var isClosedDirectory: Bool { appending(".").withPlatformString { access($0, R_OK | X_OK) } != 0 && errno == EACCES }
}

extension DaemonAnswer {
  /// Asks for its status.
  init(asking service: Service) async {
    do {
      self = .status(try await service.connected { try await $0.socket.status() })
    } catch ControlError.noDaemon {
      self = .nobody
    } catch ControlError.mayNotConnect(_, let group) {
      self = .forbidden(group: group.flatMap { getgrnam($0)?.pointee.gr_gid }, name: group)
    } catch {
      self = .failed("\(error)")
    }
  }
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

extension GuardedPath {
  /// nil for what cannot be looked at, and where an access list decides.
  fileprivate init?(_ path: FilePath) {
    guard let status = try? path.stat(), AccessList(.access, of: path) == nil else { return nil }
    self.init(
      path: path, isDirectory: status.type == .directory, owner: status.userID.rawValue, group: status.groupID.rawValue,
      permissions: status.permissions.rawValue & 0o7777)
  }

  /// What keeps a user from reading a file: itself, or a directory above it, the outermost first.
  static func obstacles(to file: FilePath, of user: UInt32) -> [GuardedPath] {
    var places = [file]
    while let place = places.last, !place.removingLastComponent().isEmpty, place != place.removingLastComponent() {
      places.append(place.removingLastComponent())
    }
    let groups = Patient.Caller.groupsAtLogin(of: user)
    return places.reversed().compactMap(GuardedPath.init).filter { !$0.isOpen(to: user, of: groups) }
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
  /// Of one that no unit starts there is none.
  init(of service: Service) async {
    guard !service.isNamed else {
      self = .unavailable("")
      return
    }
    let manager = service.kind == .user ? ["--user"] : []
    self = await UnitFindings(asking: manager + ["show", "--property=" + Self.names.joined(separator: ","), "progress-syncd.service"])
  }

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
    return Patient.Caller(
      user: user, name: name, groups: Set(groups.prefix(Int(max(0, own)))).union([getegid()]), groupsAtLogin: groupsAtLogin(of: user))
  }

  /// What the system's files say of a user; none of one whom they do not know.
  static func groupsAtLogin(of user: UInt32) -> Set<UInt32> {
    guard let entry = getpwuid(user) else { return [] }
    var groups = [UInt32](repeating: 0, count: 1_024)
    var count = CInt(groups.count)
    guard getgrouplist(String(cString: entry.pointee.pw_name), entry.pointee.pw_gid, &groups, &count) >= 0 else { return [] }
    return Set(groups.prefix(Int(max(0, count))))
  }
}
