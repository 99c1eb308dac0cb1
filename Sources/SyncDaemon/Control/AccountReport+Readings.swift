import ControlProtocol
import SyncPolicy
import SystemPackage

extension AccountReport {
  /// How all users stand who have a token of their own, or had one and dropped what waits for it; by user id.
  ///
  /// - Parameters:
  ///   - entries: How many rows each account has in the queue.
  ///   - directory: `api.user_tokens`.
  static func all(_ readings: Instruments.Readings, entries: [Account: Int], directory: FilePath?) -> [AccountReport] {
    readings.users.sorted().map { user in
      var report = AccountReport(
        user, hold: readings.holds[.user(user)], place: UserTokenPlace(of: user, in: directory, known: readings.userTokens[user]))
      report.entries = entries[.user(user)] ?? 0
      return report
    }
  }

  private init(_ user: UInt32, hold: Hold?, place: UserTokenPlace) {
    self.init(uid: user, user: UserName.name(of: user), state: hold == nil ? .open : .held)
    guard let hold else { return }
    cause =
      switch hold.cause {
      case .noToken: .missing
      case .unusableToken: .unusable
      case .refused: .refused
      }
    (since, reason, status, nextProbeAt) = (hold.since, hold.reason, hold.status, hold.probeAt)
    remedy = place.advice
  }
}
