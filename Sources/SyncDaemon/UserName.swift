import Glibc
import SyncPolicy
import Systemd

/// A user as people know them: by name, or by number where the system has none.
package struct UserName: CustomStringConvertible {
  package let description: String

  package init(_ user: UInt32) {
    description = Self.name(of: user)?.singleLine ?? "uid \(user)"
  }

  /// The name that the system has for a user; in the daemon, nil also as long as it has not said it.
  package static func name(of user: UInt32) -> String? {
    guard case .name(let name)? = answer(to: .name(of: user)) else { return nil }
    return name
  }

  /// The user that a name, or else a decimal number, stands for, as chown(1) takes them; nil for nobody, and in the daemon also as long as the
  /// system has not said it.
  package static func user(named name: String) -> UInt32? {
    if case .user(let user)? = answer(to: .user(named: name)) { return user }
    guard let user = UInt32(name), "\(user)" == name, user != .max else { return nil }  // The last one stands for none: chown(2).
    return user
  }

  private static func answer(to question: UserDirectory.Question) -> UserDirectory.Answer? {
    guard let directory = UserDirectory.current else { return ask(question) }
    return directory.answer(to: question)
  }

  /// Waits for the system's answer.
  static func ask(_ question: UserDirectory.Question) -> UserDirectory.Answer {
    switch question {
    case .name(of: let user): lookUp({ getpwuid_r(user, $0, $1, $2, $3) }, body: { .name(String(cString: $0.pw_name)) }) ?? .nobody
    case .user(named: let name): lookUp({ getpwnam_r(name, $0, $1, $2, $3) }, body: { .user($0.pw_uid) }) ?? .nobody
    }
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
