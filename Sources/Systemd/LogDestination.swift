import Glibc

/// Where log entries go.
package enum LogDestination: Hashable, Sendable {
  /// The journal, with native fields.
  case journal(identifier: String)
  /// Lines on standard error.
  case lines(colored: Bool)

  /// The journal when it is what standard error leads to, else lines.
  ///
  /// - Parameters:
  ///   - identifier: The program's name in the journal, for `journalctl -t`.
  ///   - environment: `JOURNAL_STREAM` names the journal's socket as `device:inode`
  ///     ([systemd.exec(5)](https://www.freedesktop.org/software/systemd/man/252/systemd.exec.html#%24JOURNAL_STREAM));
  ///     a shell inside a service inherits it, so it counts only while standard error is still that socket.
  ///     `NO_COLOR` ([no-color.org](https://no-color.org)) and `TERM=dumb` turn colours off.
  ///   - descriptor: Standard error.
  package init(identifier: String, environment: [String: String], descriptor: CInt = STDERR_FILENO) {
    if let stream = environment["JOURNAL_STREAM"], stream == Self.deviceAndInode(of: descriptor) {
      self = .journal(identifier: identifier)
    } else {
      let wantsColor = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
      self = .lines(colored: wantsColor && isatty(descriptor) == 1)
    }
  }

  private static func deviceAndInode(of descriptor: CInt) -> String? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : nil
  }
}
