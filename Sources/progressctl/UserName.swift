import Glibc
import Systemd

/// A user as people know them: by name, or by number where the system has none.
struct UserName: CustomStringConvertible {
  let description: String

  init(_ user: UInt32) {
    description = getpwuid(user).map { String(cString: $0.pointee.pw_name).singleLine } ?? "uid \(user)"
  }
}
