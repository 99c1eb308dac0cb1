import Glibc
import SyncPolicy
import Systemd

/// A user as people know them: by name, or by number where the system has none.
package struct UserName: CustomStringConvertible {
  package let description: String

  package init(_ user: UInt32) {
    description = Self.name(of: user)?.singleLine ?? "uid \(user)"
  }

  /// The name that the system has for a user.
  package static func name(of user: UInt32) -> String? {
    lookUp {
      getpwuid_r(user, $0, $1, $2, $3)
    } body: {
      String(cString: $0.pw_name)
    }
  }

  /// The user that a name, or else a decimal number, stands for, as chown(1) takes them; nil for nobody.
  package static func user(named name: String) -> UInt32? {
    if let user = lookUp({ getpwnam_r(name, $0, $1, $2, $3) }, body: { $0.pw_uid }) { return user }
    guard let user = UInt32(name), "\(user)" == name, user != .max else { return nil }  // The last one stands for none: chown(2).
    return user
  }

  /// Asks the system's user database, whatever it is; who cannot be found there for whatever reason is nobody.
  private static func lookUp<Answer>(
    _ ask: (UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>) -> CInt,
    body: (passwd) -> Answer
  ) -> Answer? {
    var size = 1_024
    while true {
      var entry = passwd()
      var found: UnsafeMutablePointer<passwd>?
      // The entry's texts lie in the buffer, and are read while it is there.
      let (code, answer) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
        guard let start = buffer.baseAddress else { return (ENOMEM, nil as Answer?) }
        let code = ask(&entry, start, size, &found)
        return (code, code == 0 && found != nil ? body(entry) : nil)
      }
      guard code == ERANGE, size < 1 << 20 else { return answer }
      size *= 2
    }
  }
}

extension Account {
  /// Whose own it is; nil for the one of everybody else.
  var user: UInt32? {
    switch self {
    case .common: nil
    case .user(let user): user
    }
  }
}
