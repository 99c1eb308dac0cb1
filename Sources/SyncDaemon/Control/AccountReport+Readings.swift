import ControlProtocol
import SyncPolicy
import SystemPackage

extension AccountReport {
  /// How all users stand who have a token of their own, or had one and dropped what waits for it; by user id.
  ///
  /// - Parameter directory: `api.user_tokens`.
  static func all(_ readings: Instruments.Readings, directory: FilePath?) -> [AccountReport] {
    readings.users.sorted().map { user in
      AccountReport(
        user, hold: readings.holds[.user(user)], place: UserTokenPlace(of: user, in: directory, known: readings.userTokens[user]))
    }
  }

  private init(_ user: UInt32, hold: Hold?, place: UserTokenPlace) {
    self.init(uid: user, user: UserName.name(of: user), state: hold == nil ? .open : .held)
    guard let hold else { return }
    (since, reason, status, nextProbeAt) = (hold.since, hold.reason, hold.status, hold.probeAt)
    remedy = place.advice
  }
}
